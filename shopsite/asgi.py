"""ASGI entry point."""

import os

from django.core.asgi import get_asgi_application
from django.core.signals import request_started

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shopsite.settings")
application = get_asgi_application()

from kafka_bridge import freshness  # noqa: E402  it needs Django, which is set up by now

request_started.connect(freshness.watch)
