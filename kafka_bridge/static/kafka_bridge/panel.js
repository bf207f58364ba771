// Old figures must not look new: while the shop gives none, the page says so.
const silent = document.getElementById("silent");
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(failure, () => { silent.hidden = false; });
}
document.body.addEventListener("htmx:afterSwap", () => { silent.hidden = true; });
