"""Answers in words to requests that cannot be understood, and to all while MongoDB is away."""

import logging
from collections.abc import Callable
from typing import Any

import pymongo
from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.core.exceptions import MiddlewareNotUsed
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.template.loader import render_to_string
from django.urls import reverse
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    PyMongoError,
    WaitQueueTimeoutError,
)

from kafka_bridge import journal

RETRY_AFTER = 10  # seconds
ANSWER_WITHIN = 3.5  # seconds that a page may wait for MongoDB

Answer = Callable[[HttpRequest], HttpResponse]

log = logging.getLogger(__name__)


def utf8_only(get_response: Answer) -> Answer:
    """Refuse requests in other encodings: some give halves of characters, which no page can show.

    No browser sends them, since all pages are in UTF-8.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() in ("utf-8", "utf8"):
            return get_response(request)
        return HttpResponseBadRequest(render_to_string("400.html"))

    return answer


class SessionMiddleware(DjangoSessionMiddleware):
    """Django's sessions; a request that MongoDB's absence ends is answered 503 (RFC 9110).

    Sessions live in MongoDB too, so this stands where they are loaded and saved. A MongoDB that
    takes a page's questions and does not answer is as absent as none; only the admin, whose lists
    may be long, is given more time.
    """

    def __call__(self, request: HttpRequest) -> Any:
        """Answer in time."""
        if request.path_info.startswith(reverse("admin:index")):
            return super().__call__(request)
        with pymongo.timeout(ANSWER_WITHIN):
            return super().__call__(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for a view that could not reach MongoDB; other errors go their way."""
        return unavailable(request) if is_absence(error) else None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save the session, as Django does."""
        try:
            return super().process_response(request, response)
        except (DatabaseError, PyMongoError, SessionInterrupted) as error:
            if is_absence(error):
                return unavailable(request)
            raise


def journaling(get_response: Answer) -> Answer:
    """Keep what is seen of a visitor's events in their session, where learners may look at it.

    It stands around the sessions: Django saves none with an answer such as 503, and the time that
    a page may wait for MongoDB is over when Kafka was waited for.
    """
    if not settings.LEARNING_PAGE:
        raise MiddlewareNotUsed

    def answer(request: HttpRequest) -> HttpResponse:
        request.learning = True  # type: ignore[attr-defined]
        with journal.taking_notes() as notes:
            response = get_response(request)
        journal.keep(notes, request.session)
        return response

    return answer


def is_absence(error: BaseException | None) -> bool:
    """Return whether an error comes of a server that does not answer, and not of a wrong query."""
    while error is not None:
        if isinstance(error, ConnectionFailure | WaitQueueTimeoutError | ExecutionTimeout):
            return True
        error = error.__cause__ or error.__context__
    return False


def unavailable(request: HttpRequest) -> HttpResponse:
    """Say "not now", without anything that is read from MongoDB."""
    view = getattr(request.resolver_match, "view_name", "no view")
    log.warning("MongoDB does not answer; %s was answered 503.", view)
    page = render_to_string("503.html", {"asked": request.method in ("GET", "HEAD")})
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER)})
