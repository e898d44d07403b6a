"""The texts of messages as people will read them, and those that administrators propose, confirm and publish."""

from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from actions.feedback.texts import (
    MOST_LISTED,
    confirm_message_text,
    proposals_for,
    propose_message_text,
    texts_for,
    whatsapp_states_for,
)
from domain.catalogue.definitions import DraftState
from domain.feedback import text_proposals, whatsapp
from domain.feedback.message_texts import EventTexts, parts_of
from domain.feedback.messages import MessageChannel
from domain.kernel import Language, Scope
from domain.kernel.messages import Texts
from schema.kernel import (
    AUTHENTICATED,
    FOR_STAFF,
    Info,
    InLanguage,
    View,
    assumed_list_size,
    field_language,
    label_field,
    require_signed_in,
    resolver_field,
    staff_list,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.staff import TwoPersonProposal
from states.message_texts import texts_of_document

_KINDS = Texts("notice_kind")


@strawberry.type(description="A text of one channel in one language, filled with an example.")
class MessageTextPreview:
    channel: MessageChannel = strawberry.field(description="The channel.")
    language: Language = strawberry.field(description="The language.")
    template: str = strawberry.field(description="The template under which it is registered.")
    title: str | None = strawberry.field(description="The subject of a mail, or the first line of a push.")
    text: str = strawberry.field(description="Its words.")
    buttons: list[str] = strawberry.field(
        description="What its buttons say; on WhatsApp alone.", directives=[assumed_list_size(3)]
    )
    segments: int | None = strawberry.field(description="The parts of an SMS; null for other channels.")


@strawberry.type(description="The texts of one event.")
class MessageText:
    event: str = strawberry.field(description="The event, as its file is named.")
    texts: list[MessageTextPreview] = strawberry.field(
        description="Every channel in every language.", directives=[assumed_list_size(8)]
    )

    @classmethod
    def of(cls, item: EventTexts) -> Self:
        return cls(event=item.event, texts=_previews(item))

    @resolver_field(description="The event in words.")
    def label(self, info: Info, language: InLanguage = None) -> str:
        shown = field_language(info, language)
        return _KINDS[self.event].in_language(shown) if self.event in _KINDS else self.event


@strawberry.type(directives=[AUTHENTICATED], description="Texts of an event that an administrator wants published.")
class MessageTextProposal(TwoPersonProposal, View[text_proposals.TextProposal]):
    item: strawberry.Private[text_proposals.TextProposal]
    id: strawberry.ID = strawberry.field(description="Give it to confirmMessageText.")
    event: str = strawberry.field(description="The event.")
    state: DraftState = strawberry.field(description="How it stands: WAITING, CONFIRMED or REFUSED.")
    document: str | None = strawberry.field(
        description="The document as JSON; null where the texts of the state's package are to hold again."
    )
    publish_on: date = strawberry.field(description="The day from which it is in force.")

    state_label = label_field("definition_state", "item.state", description="How it stands, in words.")

    @resolver_field(description="Every channel in every language, as it would be.", directives=[assumed_list_size(8)])
    def texts(self, info: Info) -> list[MessageTextPreview]:
        package = info.context.environment.rules.message_texts
        document, event = self.item.document, self.item.event
        return _previews(package[event] if document is None else texts_of_document(event, document))


@strawberry.type(description="What WhatsApp said last of a template, or of our number or account.")
class WhatsAppState(View[whatsapp.TemplateState]):
    item: strawberry.Private[whatsapp.TemplateState]
    name: str = strawberry.field(description="The template, the digits of a number, or `account`.")
    language: str = strawberry.field(description="The template's language; empty for a number and the account.")
    status: str | None = strawberry.field(description="WhatsApp's word for how it stands, such as APPROVED or FLAGGED.")
    quality: str | None = strawberry.field(description="How people take it: GREEN, YELLOW, RED or UNKNOWN.")
    at: datetime = strawberry.field(description="When that was so.")

    @resolver_field(description="Whether somebody must look; then an alarm holds.")
    def needs_attention(self, info: Info) -> bool:
        return self.item.needs_attention(info.context.environment.clock.now())


def _previews(event: EventTexts) -> list[MessageTextPreview]:
    shown = [(channel, language) for channel in MessageChannel for language in event.texts]
    return [
        MessageTextPreview(
            channel=channel,
            language=language,
            template=text.template,
            title=text.title or None,
            text=text.example.text,
            buttons=[each.label for each in text.buttons],
            segments=parts_of(text.longest) if channel is MessageChannel.SMS else None,
        )
        for channel, language in shown
        if (text := event.text_for(channel, language))
    ]


@strawberry.type
class MessageTextsQuery:
    @resolver_field(
        description="The texts of messages in force, by event; null with NOT_FOUND for all but administrators of the "
        "state.",
        directives=[*FOR_STAFF, assumed_list_size(80)],
    )
    async def message_texts(
        self,
        info: Info,
        event: Annotated[str | None, strawberry.argument(description="Only this event.")] = None,
    ) -> list[MessageText] | None:
        texts = await texts_for(info.context.environment, require_signed_in(info))
        return [MessageText.of(each) for name, each in texts.items() if event in (None, name)]

    message_text_proposals = staff_list(
        proposals_for,
        MessageTextProposal.of,
        size=MOST_LISTED,
        description="The latest proposals of texts, at most 20; null with NOT_FOUND for all but administrators of "
        "the state.",
    )

    whatsapp_states = staff_list(
        whatsapp_states_for,
        WhatsAppState.of,
        size=50,
        description="What WhatsApp said last of account and numbers, and of the templates that somebody must look at; "
        "null with NOT_FOUND for all but administrators of the state.",
    )


_payload = thing_payload(
    "What became of a text of messages.",
    "MessageTextPayload",
    proposal=Thing(MessageTextProposal, "The proposal; null when refused.", MessageTextProposal.of),
)


@strawberry.type
class MessageTextsMutation:
    propose_message_text = action_mutation(
        propose_message_text,
        _payload,
        "Ask for the texts of an event to be published on a day; a second administrator has to confirm them.",
        input_fields(
            "Texts of one event.",
            event="The event, as messageTexts names it.",
            publish_on="The day from which they are in force, today or later.",
            document="The event's file as JSON, with what operators registered; left out, the texts of the state's "
            "package hold again.",
        ),
        scopes=[Scope.STAFF],
    )
    confirm_message_text = action_mutation(
        confirm_message_text,
        _payload,
        "Confirm or refuse texts that another administrator proposed.",
        input_fields(
            "What a second administrator says of texts.",
            proposal_id="The proposal, as messageTextProposals names it.",
            confirm="True has it in force from its day; false ends it, and nothing changes.",
        ),
        scopes=[Scope.STAFF],
    )
