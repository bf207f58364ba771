"""Passwords as events carry them, and sessions that outlive a change of theirs.

Django ends a session when the password is another than at its log-in. The session that changes the
password is to go on, though the change is applied later, while any page may be asked for. So when
the event is sent, the session notes what it will be checked against (Django's session auth hash,
which tells nothing of the password); if that is what the customer's password gives now, it counts.
"""

from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from customers.models import Customer

SALT = "customers.passwords"
SALT_LENGTH = 32  # hexadecimal digits: 128 bits, as Django wants
EXPECTED = "expected_auth_hashes"  # in the session
MOST_EXPECTED = 5


def hashed(password: str, event_id: str) -> str:
    """Return the salted hash of a password in Django's format.

    The salt is made of the event's id with the shop's secret key, so nobody can foresee it, and a
    form that is sent twice gives the same event.
    """
    salt = salted_hmac(SALT, event_id, algorithm="sha256").hexdigest()
    return make_password(password, salt[:SALT_LENGTH])


def matches(password: str, encoded: str) -> bool:
    """Return whether a hash is of this password."""
    try:
        return check_password(password, encoded)
    except (ValueError, OverflowError):
        return False  # what a stranger's event holds as a hash is none: no password fits it


def auth_hash(encoded: str) -> str:
    """Return what sessions of a customer are checked against whose password has this hash."""
    return Customer(password=encoded).get_session_auth_hash()


def expect(session: SessionBase, encoded: str) -> None:
    """Let this session go on once the password is the one with this hash.

    It is saved at once: from when the event is sent on, any request may find it applied. Raises
    Django's `SessionInterrupted` if somebody logged out in another tab meanwhile.
    """
    earlier = [one for one in session.get(EXPECTED, []) if one != auth_hash(encoded)]
    session[EXPECTED] = [*earlier[1 - MOST_EXPECTED :], auth_hash(encoded)]
    try:
        session.save()
    except UpdateError as error:
        raise SessionInterrupted from error


class StayLoggedIn(MiddlewareMixin):
    """Finds who is logged in as Django does, but first looks whether a new password was applied."""

    def process_request(self, request: HttpRequest) -> None:
        """Put the user, who is looked for when they are asked for, into the request."""
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment]


def _user(request: HttpRequest) -> Any:
    if EXPECTED in request.session:
        _look_for_change(request)
    return get_user(request)


def _look_for_change(request: HttpRequest) -> None:
    session = request.session
    customer = Customer.objects.filter(pk=session.get(SESSION_KEY)).first()
    current = customer and customer.get_session_auth_hash()
    if current not in session[EXPECTED]:
        return
    session[HASH_SESSION_KEY] = current
    if request.method == "GET":
        # Who has a copy of the old cookie is logged out. Not at a POST: a double click's second one
        # comes with the old cookie too.
        session.cycle_key()
        del session[EXPECTED]
