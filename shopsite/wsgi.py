"""WSGI entry point: `gunicorn shopsite.wsgi`."""

import os

from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shopsite.settings")
application = get_wsgi_application()

from kafka_bridge import freshness  # noqa: E402  it needs Django, which is set up by now

request_started.connect(freshness.watch)
