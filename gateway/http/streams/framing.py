"""How the answers of a stream are written over HTTP: server-sent events, and Apollo's multipart.

- graphql-sse, distinct connections mode: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
- multipart subscriptions: https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

from typing import Protocol

from gateway.http.answers import encode_json
from gateway.http.streams.operations import Answer

EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"
SPECIFICATION = "subscriptionspec"
_BOUNDARY = b"--graphql"


class Framing(Protocol):
    """One way to write a stream."""

    name: str
    media_type: str

    def begin(self) -> bytes:
        """What comes first, so that the other side sees that the stream lives."""
        ...

    def answer(self, answer: Answer) -> bytes:
        """One answer."""
        ...

    def alive(self) -> bytes:
        """What is said where there is nothing to say."""
        ...

    def end(self) -> bytes:
        """The end of the stream."""
        ...


class EventStream:
    """Server-sent events. The id of an event is its cursor, so `Last-Event-ID` goes on behind it."""

    name = "sse"
    media_type = f"{EVENT_STREAM}; charset=utf-8"

    def begin(self) -> bytes:
        return b":\n\n"

    def answer(self, answer: Answer) -> bytes:
        identity = f"id: {answer.cursor}\n".encode() if answer.cursor else b""
        return identity + b"event: next\ndata: " + encode_json(answer.body) + b"\n\n"

    def alive(self) -> bytes:
        return b":\n\n"

    def end(self) -> bytes:
        return b"event: complete\ndata:\n\n"


class Multipart:
    """Apollo's parts. The boundary behind a part is sent with it, so that a client can read the part at once."""

    name = "multipart"
    media_type = 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"'

    def begin(self) -> bytes:
        return b"\r\n" + _BOUNDARY

    def answer(self, answer: Answer) -> bytes:
        # What ended the stream stands beside the payload, what is wrong in one answer inside it.
        body = {"payload": None, **answer.body} if answer.over else {"payload": answer.body}
        return _part(encode_json(body))

    def alive(self) -> bytes:
        return _part(b"{}")

    def end(self) -> bytes:
        return b"--\r\n"


def _part(content: bytes) -> bytes:
    return b"\r\nContent-Type: application/json\r\n\r\n" + content + b"\r\n" + _BOUNDARY


def framing_of(accept: str | None) -> Framing | None:
    """The first way that an Accept header asks for by name; None where it asks for no stream.

    A `*/*` is no wish for a stream, and `multipart/mixed` without the specification is another protocol's.
    """
    for part in (accept or "").split(",")[:50]:
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        said = dict(_pair(parameter) for parameter in parameters)
        if said.get("q", "1").strip("0.") == "":
            continue
        if media_type == EVENT_STREAM:
            return EventStream()
        if media_type == MULTIPART and said.get(SPECIFICATION) == "1.0":
            return Multipart()
    return None


def _pair(parameter: str) -> tuple[str, str]:
    name, _, value = parameter.partition("=")
    return name.strip(), value.strip().strip('"')
