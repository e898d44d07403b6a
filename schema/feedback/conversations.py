"""Conversations that the helpline has: the queue, one with its lines, and what is done in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.feedback.conversations import (
    answer_conversation,
    close_conversation,
    of_conversation,
    read_conversation,
    take_conversation,
)
from actions.kernel import require_postings
from domain.feedback import conversations as talks
from domain.feedback.conversations import ConversationState, LineAuthor
from domain.feedback.messages import MessageChannel, MessageState
from domain.feedback.notices import Notice
from domain.feedback.tracking import Tracked
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Scope
from schema.feedback.case_notices import CaseNotice
from schema.feedback.tracking import TrackedApplication
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    Listing,
    View,
    connection_field,
    former_field,
    label_field,
    resolver_field,
    stored_listing,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import InputField, input_fields
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.staff import officer_field
from store.feedback import conversations as kept

_GUARDED = [AUTHENTICATED, NEVER_SILENTLY_NULL]


@strawberry.type(description="A conversation with a citizen, without her number.")
class Conversation(View[talks.Conversation], conversation_id="id"):
    item: strawberry.Private[talks.Conversation]
    id: strawberry.ID = strawberry.field(description="Give it to takeConversation and the others.")
    conversation_id: strawberry.ID = former_field("id", added="0.3")
    channel: MessageChannel = strawberry.field(description="By which channel she writes.")
    state: ConversationState = strawberry.field(description="Who answers in it.")
    heard_at: datetime = strawberry.field(description="When she wrote last.")
    handed_over_at: datetime | None = strawberry.field(description="Since when the helpline has it.")
    closed_at: datetime | None = strawberry.field(description="When it was closed.")
    version: int = strawberry.field(description="Grows by one with every step; give it back with one.")

    channel_label = label_field("message_channel", "channel", description="By which channel she writes, in words.")
    state_label = label_field("conversation_state", "state", description="Who answers in it, in words.")
    taken_by = officer_field("item.officer_id", description="Who of the helpline has it; null for nobody.")

    @resolver_field(description="Until when it can be answered: 24 hours after she wrote last.")
    def answers_end_at(self) -> datetime:
        return self.item.answers_end_at()


@strawberry.type(description="A message of a conversation.")
class ConversationLine(View[talks.ConversationLine]):
    item: strawberry.Private[talks.ConversationLine]
    author: LineAuthor = strawberry.field(description="Who wrote it.")
    text: str = strawberry.field(description="What was written.")
    at: datetime = strawberry.field(description="When.")
    state: MessageState | None = strawberry.field(description="What became of it; null for what the citizen wrote.")

    author_label = label_field("line_author", "author", description="Who wrote it, in words.")
    state_label = label_field("message_state", "state", description="What became of it, in words.", nullable=True)


@strawberry.type(description="A conversation with what the helpline may know of the citizen's applications.")
class ConversationRecord:
    item: strawberry.Private[talks.Conversation]
    conversation: Conversation = strawberry.field(description="The conversation.")
    applications: list[TrackedApplication] = strawberry.field(
        description="Her latest applications with number, state and dates; none where the number is not known."
    )
    notices: list[CaseNotice] = strawberry.field(
        description="The latest notices about them, for resendNotice, the newest first: whether they reached her."
    )

    @classmethod
    def of(cls, item: talks.Conversation, hers: Sequence[Tracked], told: Sequence[Notice]) -> Self:
        return cls(
            item=item,
            conversation=Conversation.of(item),
            applications=[TrackedApplication.of(one) for one in hers],
            notices=[CaseNotice.of(one) for one in told],
        )

    @connection_field(Connection[ConversationLine], description="What was written, the oldest first.")
    async def lines(self, info: Info) -> Listing[talks.ConversationLine]:
        return stored_listing(
            info, f"conversation-lines:{self.item.id}", kept.lines_of(self.item.id), ConversationLine.of
        )


@strawberry.type
class ConversationsQuery:
    @connection_field(
        Connection[Conversation] | None,
        description="Conversations that were handed over to the helpline, the one that waits longest first. Null with "
        "NOT_FOUND for all but the helpline.",
        directives=_GUARDED,
    )
    async def conversations(self, info: Info) -> Listing[talks.Conversation]:
        subject = info.context.subject
        require_postings(subject, ObjectKind.CONVERSATION, Purpose.RESPOND)
        name = f"conversations:{subject.person_id}"
        return stored_listing(info, name, kept.of_helpline(), Conversation.of, resource=of_conversation)

    @resolver_field(
        description="One conversation that was handed over. Null with NOT_FOUND where there is none, and for all but "
        "the helpline.",
        directives=_GUARDED,
    )
    async def conversation(
        self,
        info: Info,
        conversation_id: Annotated[strawberry.ID, strawberry.argument(description="The conversation.")],
    ) -> ConversationRecord | None:
        require_postings(info.context.subject, ObjectKind.CONVERSATION, Purpose.RESPOND)
        found = await read_conversation(info.context.environment, info.context.subject, conversation_id)
        return ConversationRecord.of(*found)


_ID = InputField("The conversation, as conversations told.", type=strawberry.ID, single=True)
_payload = thing_payload(
    "What became of a conversation.",
    "ConversationPayload",
    conversation=Thing(Conversation, "The conversation as it now is; null when refused.", Conversation.of),
)
_one = input_fields("A conversation of the helpline.", "ConversationInput", conversation_id=_ID)


@strawberry.type
class ConversationsMutation:
    take_conversation = action_mutation(
        take_conversation,
        _payload,
        "Take a conversation that was handed over, also from a colleague.",
        _one,
        scopes=[Scope.CONVERSATIONS],
    )
    answer_conversation = action_mutation(
        answer_conversation,
        _payload,
        "Answer in a conversation that nobody or oneself has; ANSWER_TOO_LATE 24 hours after the citizen wrote last.",
        input_fields(
            "An answer to a citizen.",
            conversation_id=_ID,
            text=InputField("What she is to read, at most 2000 characters.", required=True),
        ),
        scopes=[Scope.CONVERSATIONS],
    )
    close_conversation = action_mutation(
        close_conversation,
        _payload,
        "Close a conversation; what the citizen writes next begins another.",
        _one,
        scopes=[Scope.CONVERSATIONS],
    )
