"""The message types and close codes of graphql-transport-ws.

The protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from gateway.graphql.body import decode_json
from gateway.http.headers import bearer_token
from gateway.http.problems import RequestProblem
from gateway.settings.limits import Limits

SUBPROTOCOL = "graphql-transport-ws"
LONGEST_ID = 128


class CloseCode(IntEnum):
    """Why we close a socket; below 4000 are those of RFC 6455."""

    NORMAL = 1000
    GOING_AWAY = 1001
    TOO_BIG = 1009
    INTERNAL = 1011
    TRY_AGAIN_LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_SLOW = 4413
    TOO_MANY = 4429


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the HTTP request of a socket said. `cookie` is there only where a page of ours sent it."""

    headers: Mapping[str, str]
    cookie: str | None = None
    language: str | None = None
    client: str | None = None


class Closing(Exception):
    """Ends a socket with a code and a few words that hold nothing of what the client sent, but an id of its own."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def bad_message() -> Closing:
    """A message that the protocol does not know."""
    return Closing(CloseCode.BAD_REQUEST, "Invalid message received")


def read_message(text: str, most_bytes: int, limits: Limits) -> dict[str, Any]:
    """The message in a frame. Raises Closing."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > most_bytes:
        raise Closing(CloseCode.TOO_BIG, "Message too big")
    try:
        message = decode_json(raw, limits)
    except RequestProblem:
        raise bad_message() from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise bad_message()
    return message


def token_in(payload: Mapping[str, Any]) -> str | None:
    """The token of a connection_init; an empty one, which no session has, where the member holds none."""
    given = payload.get("authorization", payload.get("Authorization"))
    if given is None:
        return None
    return bearer_token(given) if isinstance(given, str) else ""


def payload_of(message: dict[str, Any]) -> dict[str, Any] | None:
    """The payload, an object or nothing. Raises Closing for anything else."""
    payload = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise bad_message()
    return payload


def id_of(message: dict[str, Any]) -> str:
    """The id of an operation. Raises Closing where it is no text of a sensible length."""
    given = message.get("id")
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_ID:
        raise bad_message()
    return given
