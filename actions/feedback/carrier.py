"""What a channel's carrier does: it knows the addresses of readers, gives messages to a provider, and asks after them.

A channel joins by a module with its carrier and a line in `actions/feedback/channels.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.feedback.message_texts import EventTexts, FilledText
from domain.feedback.messages import Message, MessageState
from domain.kernel import Citizen, Language
from store.database import Transaction

Addresses = tuple[str, ...]
"""Where a reader is reached on a channel: one number or e-mail address, or all of the reader's devices."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it goes: its filled text for the channel, in the reader's language, with template and parameters.

    `message.id` is our reference, which a provider may echo.
    """

    message: Message
    addresses: Addresses = field(repr=False)
    language: Language
    text: FilledText
    event: EventTexts
    """The texts of its event on every channel and in every language."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A provider took a message and named it so.

    `is_last_word` where the provider never tells that a message arrived: it stays SENT unless a failure is reported.
    """

    provider: str
    message_id: str
    is_last_word: bool = False


class Carrier(Protocol):
    """One channel of this installation, opened anew for each batch of messages."""

    most_at_once: int
    """How many messages are given to the provider at once at most."""

    async def addresses(self, tx: Transaction, readers: Collection[Citizen]) -> Mapping[str, Addresses]:
        """Where these readers are reached, by their ids; who cannot be reached on this channel is left out."""
        ...

    async def prepare(self, tx: Transaction, outgoing: Sequence[Outgoing]) -> None:
        """Read once for a batch what `send` needs to know of the store."""
        del tx, outgoing

    async def send(self, outgoing: Outgoing) -> Taken:
        """Give a message to a provider, at most once.

        Raises Refused where it can never arrive; an address that is dead the carrier forgets itself, so that it is not
        among `addresses` again. Of another RemoteError `nothing_arrived` says that no provider has the message, so that
        it may be given again; else one of them may have it and it is not repeated.
        """
        ...

    def parts_of(self, text: FilledText) -> int | None:
        """How many parts of a message are billed; None where the channel counts none, and it is billed once."""
        del text
        return None

    def is_asked(self, provider: str) -> bool:
        """Whether `state_of` can ask that provider; False where it only reports by itself (`note_reports`)."""
        del provider
        return False

    async def state_of(self, provider: str, message_id: str) -> MessageState | None:
        """What became of a message, as its provider says; None where it does not say. Raises RemoteError."""
        del provider, message_id
        return None
