"""The files of the contract in `docs/events/`: what they must hold, and what was released."""

import json
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from kafka_bridge import asyncapi, registry, schema

FOLDER: Path = settings.BASE_DIR / "docs" / "events"
RELEASED = FOLDER / "released"


def files() -> dict[str, str]:
    """Return the names and texts of the files as today's code has them."""
    schemas = {
        f"{name}.json": _text({"$schema": schema.DIALECT, **schema.of(known)})
        for name, known in registry.event_types.items()
    }
    return schemas | {"asyncapi.json": _text(asyncapi.document())}


def _text(node: object) -> str:
    return json.dumps(node, ensure_ascii=False, indent=2) + "\n"


def outdated(folder: Path = FOLDER) -> list[str]:
    """Return the names of files that are missing, differ, or should not be there."""
    wanted = files()
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted | there if wanted.get(name) != there.get(name))


def breaks(released: Path = RELEASED) -> Iterator[str]:
    """Yield, in words, each way in which today's code breaks a released schema."""
    for path in sorted(released.glob("*.json")):
        known = registry.event_types.get(path.stem)
        if known is None:
            yield f"{path.stem}: the type was removed, and the log has its events for ever"
        else:
            yield from schema.breaks(json.loads(path.read_text("utf-8")), schema.of(known))


def write(folder: Path = FOLDER) -> None:
    """Write the files, and remove those of types that there are no longer."""
    wanted = files()
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, "utf-8")


def release(released: Path = RELEASED) -> None:
    """Keep today's schemas as what later ones are compared with."""
    for name, text in files().items():
        if name != "asyncapi.json":
            (released / name).write_text(text, "utf-8")
