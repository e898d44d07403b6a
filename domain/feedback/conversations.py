"""Conversations with citizens on a channel: who has them, what was said, and when they may still be answered freely."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.feedback.messages import MessageChannel, MessageState
from domain.kernel import ErrorCode, Problem, Problems

ANSWERED_WITHIN = timedelta(hours=24)
"""So long after a citizen's last message WhatsApp takes free text (docs/contracts/whatsapp.md section 3)."""


class ConversationState(StrEnum):
    """Who answers in a conversation."""

    OPEN = "OPEN"
    """The gateway answers by itself."""
    WITH_HELPLINE = "WITH_HELPLINE"
    """A person of the helpline answers."""
    CLOSED = "CLOSED"


class LineAuthor(StrEnum):
    """Who wrote a line of a conversation; what the citizen wrote came in, the rest went out."""

    CITIZEN = "CITIZEN"
    SERVICE = "SERVICE"
    HELPLINE = "HELPLINE"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with an address of a channel: for WhatsApp and SMS a number in E.164 digits, without `+`.

    `engine` is what the gateway has to remember between two messages. `heard_at` is when the citizen wrote last.
    `officer_id` is who took it at the helpline.
    """

    id: str
    channel: MessageChannel
    address: str = field(repr=False)
    citizen_id: str | None
    state: ConversationState
    engine: Mapping[str, Any] = field(repr=False)
    heard_at: datetime
    created_at: datetime
    version: int
    handed_over_at: datetime | None = None
    officer_id: str | None = None
    closed_at: datetime | None = None

    def answers_end_at(self) -> datetime:
        """Until when free text may be sent."""
        return self.heard_at + ANSWERED_WITHIN

    def hand_over(self, at: datetime) -> "Conversation":
        """It is the helpline's; one that is already, or is closed, raises Problems with STEP_NOT_ALLOWED."""
        self._require(ConversationState.OPEN)
        return replace(self, state=ConversationState.WITH_HELPLINE, handed_over_at=at)

    def take(self, officer_id: str) -> "Conversation":
        """The officer has it; another may take it over. Raises Problems: STEP_NOT_ALLOWED where it was not given."""
        self._require(ConversationState.WITH_HELPLINE)
        return replace(self, officer_id=officer_id)

    def close(self, at: datetime) -> "Conversation":
        """It is over; the next message of the citizen begins another. Raises Problems: STEP_NOT_ALLOWED."""
        self._require(ConversationState.OPEN, ConversationState.WITH_HELPLINE)
        return replace(self, state=ConversationState.CLOSED, closed_at=at)

    def _require(self, *states: ConversationState) -> None:
        if self.state not in states:
            raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ("input", "conversationId")))


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """A message of a conversation.

    `extras` is what goes with the text, in the words of the channel's client: buttons, a list, a document by its name.
    `provider_id` is the channel's name for the message, and for an SMS that came in the hash of number, time and text.
    `state` and `send_at` are those of what goes out (`Message`), None for what came in.
    """

    id: str
    conversation_id: str
    author: LineAuthor
    text: str = field(repr=False)
    at: datetime
    provider_id: str | None = None
    extras: Mapping[str, Any] | None = field(default=None, repr=False)
    officer_id: str | None = None
    state: MessageState | None = None
    reason: str | None = None
    send_at: datetime | None = None
