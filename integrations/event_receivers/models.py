"""Models of what receivers are told and ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

MOST_PULLED = 200
"""Events that are given at once."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `id` stays the same however often it is sent. `body` is an object of JSON."""

    id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PulledEvents:
    """Events behind a cursor, the oldest first; `next_cursor` is where to go on, also where there was none."""

    events: Sequence[Message]
    next_cursor: str
    complete: bool


class CursorGone(ValueError):
    """The cursor is malformed, of another feed, or older than what is kept."""


@dataclass(frozen=True, slots=True)
class AskingReceiver:
    """A receiver that may ask, with its secrets."""

    id: str
    secrets: Sequence[str] = field(repr=False)


class AskedEvents(Protocol):
    """What the endpoint needs to answer a receiver that asks by itself."""

    async def find(self, receiver_id: str) -> AskingReceiver | None:
        """The receiver with an id, where it may ask now."""

    async def pull(self, receiver_id: str, cursor: str | None, first: int) -> PulledEvents:
        """Its events behind a cursor, or from its beginning. Raises CursorGone."""
