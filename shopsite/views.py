"""Pages of the site itself: health, and errors in words."""

from confluent_kafka import KafkaException
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe
from pymongo.errors import PyMongoError

from kafka_bridge import clients
from kafka_bridge.mongo import database


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Say that the process answers."""
    return JsonResponse({"live": True})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether Kafka and MongoDB answer: 200 if both do, else 503."""
    found = {"kafka": _kafka_answers(), "mongodb": _mongodb_answers()}
    return JsonResponse(found, status=200 if all(found.values()) else 503)


def _kafka_answers() -> bool:
    try:
        return bool(clients.admin().list_topics(timeout=2.0).brokers)
    except KafkaException:
        return False


def _mongodb_answers() -> bool:
    try:
        return bool(database().command("ping")["ok"])
    except PyMongoError:
        return False


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Show browsers the way to the icon: of pages without a link to it, they ask for this one."""
    return redirect(static("shop/favicon.svg"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was refused, and what to do."""
    return render(request, "403_csrf.html", status=403)
