"""Stores a message for each event type that has none: `python -m tests.golden`."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shopsite.settings")
django.setup()

from kafka_bridge import asyncapi, registry, schema  # noqa: E402  Django knows the types only now
from tests import golden  # noqa: E402

for name in sorted(registry.event_types.keys() - golden.stored_names()):
    known = registry.event_types[name]
    data = schema.example(schema.of(known))
    message = {
        "key": known.struct.key_example,
        "headers": list(asyncapi.example_headers(known).items()),
        "value": json.dumps(data, ensure_ascii=False, separators=(",", ":")),
    }
    text = json.dumps(message, ensure_ascii=False, indent=2)
    (golden.FOLDER / f"{name}.json").write_text(text + "\n", "utf-8")
