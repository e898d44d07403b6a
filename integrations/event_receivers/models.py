"""Models of what receivers are told and ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema

from domain.platform.event_receivers import WIRE_NAMES, EventKind, ReceiverState, ReceiverStep
from integrations.calling.answers import AnswerModel, BodyModel, Instant

MOST_PULLED = 200
"""Events that are given at once."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `id` stays the same however often it is sent. `body` is an object of JSON."""

    id: str
    body: Mapping[str, Any]


class EventsAnswer(AnswerModel):
    """Events behind a cursor, the oldest first, each with its `id`; `nextCursor` is where to go on in any case."""

    events: tuple[dict[str, Any], ...]
    next_cursor: str
    complete: bool


class CursorGone(ValueError):
    """The cursor is malformed, of another feed, or older than what is kept."""


@dataclass(frozen=True, slots=True)
class AskingReceiver:
    """A receiver, or a partner, that may ask, with its secrets."""

    id: str
    secrets: Sequence[str] = field(repr=False)


class AskedEvents(Protocol):
    """What the endpoint needs to answer a receiver that asks by itself."""

    async def find(self, receiver_id: str) -> AskingReceiver | None:
        """The receiver with an id, where it may ask now."""

    async def pull(self, receiver_id: str, cursor: str | None, first: int) -> EventsAnswer:
        """Its events behind a cursor, or from its beginning. Raises CursorGone."""


def _kind_of(word: object) -> EventKind:
    kind = next((kind for kind, name in WIRE_NAMES.items() if name == word), None)
    if kind is None:
        raise ValueError("no event")
    return kind


_WORDS = {"type": "string", "enum": list(WIRE_NAMES.values())}
_Kind: TypeAlias = Annotated[EventKind, BeforeValidator(_kind_of), WithJsonSchema(_WORDS)]


class AskedReceiver(BodyModel):
    """Where a system wants to be told, and of what."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(pattern="^[ -~]*$")]
    kinds: tuple[_Kind, ...] = Field(alias="types", min_length=1)


class AskedStep(BodyModel):
    """A step with a receiver; `since` is from when on everything is told again."""

    model_config = ConfigDict(extra="forbid")

    step: ReceiverStep
    since: Instant | None = None


_At: TypeAlias = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class LogEntry(AnswerModel):
    """One event as it was brought; `dueAt` is when it is brought next."""

    id: str
    type: str
    timestamp: _At
    attempts: int
    outcome: str | None
    due_at: _At | None
    delivered_at: _At | None


class ReceiverAnswer(AnswerModel):
    """One receiver. `secret` is there where it was just made, `deliveries` where one is asked about."""

    id: str
    url: str
    types: tuple[str, ...]
    state: ReceiverState
    failure: str | None
    secret: str | None = Field(default=None, repr=False)
    deliveries: tuple[LogEntry, ...] | None = None


class ReceiversAnswer(AnswerModel):
    """All receivers of an owner."""

    receivers: tuple[ReceiverAnswer, ...]


class KeptReceivers(Protocol):
    """What the endpoint needs where a system looks after its own receivers.

    `key` is whose secret signed: a receiver's id, or a partner's name. All raise domain.kernel.Problems.
    """

    async def find(self, key: str) -> AskingReceiver | None:
        """The secrets of a key that may ask now."""

    async def list_own(self, key: str) -> Sequence[ReceiverAnswer]:
        """All receivers of the key's owner."""

    async def show(self, key: str, receiver_id: str) -> ReceiverAnswer:
        """One of them with its log."""

    async def ask_for(self, key: str, asked: AskedReceiver, message_id: str) -> ReceiverAnswer:
        """Ask for a receiver, once for each `message_id`; the answer has its secret."""

    async def change(self, key: str, receiver_id: str, asked: AskedStep, message_id: str) -> ReceiverAnswer:
        """Take a step, once for each `message_id`; the answer has the new secret where one was made."""
