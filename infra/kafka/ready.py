"""Whether a Kafka broker is ready, asked in Kafka's own protocol.

An open port says little: for a while after it opens, the broker tells producers and groups to come
again later, and clients do so after 1 to 3 seconds. So what the first clients need is asked for.
"""

import socket
import struct


def is_ready(host: str, port: int) -> bool:
    """Whether the broker there serves idempotent producers and consumer groups by now."""
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            return all(_error(connection, *question) == right for question, right in _QUESTIONS)
    except (OSError, struct.error):
        return False


def _error(connection: socket.socket, key: int, version: int, body: bytes) -> int:
    """Send one request and return the error code in its answer."""
    # Before the body: API key and version, a correlation id and the name of the client.
    request = struct.pack(">hhi", key, version, 0) + _text("ready") + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    with connection.makefile("rb") as answers:
        (length,) = struct.unpack(">i", answers.read(4))
        # These answers begin alike: correlation id, throttle time in ms, error code.
        _, _, error = struct.unpack_from(">iih", answers.read(length))
    return int(error)


def _text(value: str) -> bytes:
    """A string on the wire: its length in bytes, then the bytes."""
    return struct.pack(">h", len(value.encode())) + value.encode()


_NONE, _UNKNOWN_MEMBER = 0, 25
_QUESTIONS = (
    # InitProducerId, for a producer without transactions.
    ((22, 0, struct.pack(">hi", -1, 0)), _NONE),
    # FindCoordinator of a group: on a new broker this makes the topic of the groups' offsets.
    ((10, 1, _text("ready") + b"\0"), _NONE),
    # Heartbeat of a member that never joined: only a coordinator that has read that topic knows so.
    ((12, 1, _text("ready") + struct.pack(">i", -1) + _text("")), _UNKNOWN_MEMBER),
)
