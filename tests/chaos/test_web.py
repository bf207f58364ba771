"""The web process, with four forked workers, while its servers go away and come back."""

import re
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener, urlopen

import pytest

from kafka_bridge.local.mongodb import free_port
from tests.chaos.waiting import until
from tests.chaos.world import Process, World

pytestmark = pytest.mark.slow

ANSWERS_WITHIN = 5.0  # seconds
VISITORS = 8  # so that each of the workers is met


class Visitor:
    """A browser without a screen: it keeps its cookies and fills in the form of registration."""

    def __init__(self, address: str, name: str) -> None:
        self.address, self.email = address, f"{name}@example.org"
        self._open: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))
        self._hidden: dict[str, str] = {}

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the text of a page; it must come within 5 s."""
        return self._ask(path, None)

    def open_form(self) -> None:
        """Open the form of registration and keep what is hidden in it."""
        status, page = self.get("/register/")
        assert status == 200, page
        named = re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]+)"', page)
        self._hidden = dict(named)

    def register(self) -> tuple[int, str]:
        """Send the form, which is the same event however often it is sent."""
        lines = {"first_name": "Ewa", "last_name": "Żak", "street": "Długa 1", "city": "Łódź"}
        secret = "correct-horse-7-battery"
        passwords = {"password": secret, "repeated": secret}
        person = {**lines, "postcode": "90-001", "email": self.email, **passwords}
        return self._ask("/register/", urlencode({**self._hidden, **person}).encode())

    def is_served(self) -> bool:
        """Whether reading and registering work."""
        return self.get("/products/")[0] == 200 == self.register()[0]

    def _ask(self, path: str, body: bytes | None) -> tuple[int, str]:
        begun = time.monotonic()
        try:
            with self._open.open(self.address + path, body, timeout=30) as answer:
                status, page = answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                status, page = error.code, error.read().decode()
        assert time.monotonic() - begun < ANSWERS_WITHIN, f"{path}: {time.monotonic() - begun} s"
        return status, page


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """Where the shop's web process listens."""
    where = f"127.0.0.1:{free_port()}"
    options = ["--bind", where, "--workers", "4", "--threads", "2", "--no-control-socket"]
    web = world.run("-m", "gunicorn", "shopsite.wsgi", *options, DEBUG="false")
    until(lambda: web.words.count("Booting worker") == 4, 60, lambda: web.words)
    until(lambda: answers(f"http://{where}"), 60, lambda: web.words)
    yield f"http://{where}"
    web.kill()


def answers(address: str) -> bool:
    """Whether the process answers; the workers may still be loading the shop, which takes time."""
    try:
        with urlopen(f"{address}/health/live", timeout=60) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False


def consuming(world: World) -> Process:
    """Return a consumer that has found its servers: one that starts without them ends."""
    consumer = world.consumer()
    until(lambda: consumer.consuming_since, 60, world.all_words)
    return consumer


def registered(world: World, visitor: Visitor) -> int:
    return world.collection("customers_customer").count_documents({"email": visitor.email})


def test_forms_while_kafka_is_away(world: World, address: str) -> None:
    consumer = consuming(world)
    visitors = [Visitor(address, f"visitor-{number}") for number in range(VISITORS)]
    before = Visitor(address, "before")
    before.open_form()
    assert before.register()[0] == 200
    for visitor in visitors:
        visitor.open_form()
    world.kafka.kill()
    try:
        for visitor in visitors:
            status, page = visitor.register()
            assert status == 503
            assert visitor.email in page  # the form is kept
            assert visitor.get("/products/")[0] == 200
    finally:
        world.kafka.start()
    for visitor in visitors:
        until(visitor.is_served, 30, world.all_words)
    until(lambda: all(registered(world, each) == 1 for each in visitors), 60, world.all_words)
    assert consumer.code is None


def test_pages_while_mongodb_is_away(world: World, address: str) -> None:
    consumer = consuming(world)
    visitors = [Visitor(address, f"visitor-{number}") for number in range(VISITORS)]
    for visitor in visitors:
        visitor.open_form()
    world.mongo.kill()
    try:
        for visitor in visitors:
            status, page = visitor.get("/products/")
            assert status == 503
            assert "<h1" in page
        pending = [visitor.register()[0] for visitor in visitors[:2]]
    finally:
        world.mongo.start()
    print(f"\nregistering without MongoDB answers {pending}")
    for visitor in visitors:
        until(visitor.is_served, 30, world.all_words)
    until(lambda: all(registered(world, each) == 1 for each in visitors), 60, world.all_words)
    assert consumer.code is None
