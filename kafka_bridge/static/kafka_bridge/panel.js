// What is old must not look new: while the shop does not answer, the page says so.
const silent = document.getElementById("silent");
document.body.addEventListener("htmx:afterRequest", (event) => {
  silent.hidden = event.detail.successful === true;
});
