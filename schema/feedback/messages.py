"""How notices reach a citizen: what she chose, and the messages that carry a notice."""

from datetime import datetime

import strawberry

from actions.feedback.channels import connected_channels
from actions.feedback.message_settings import choose_message_settings
from domain.feedback import messages
from domain.feedback.messages import MessageChannel, MessageState
from schema.kernel import Info, View, many_by_key, one_by_key, resolver_field
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload
from store.feedback import messages as kept

messages_of_notice = many_by_key(kept.of_notices)
settings_of_citizen = one_by_key(kept.settings_of)


@strawberry.type(description="A notice on its way by one channel.")
class NotificationMessage(View[messages.Message]):
    channel: MessageChannel = strawberry.field(description="By which channel.")
    state: MessageState = strawberry.field(description="What became of it; it only moves on.")
    state_at: datetime = strawberry.field(description="Since when.")
    reason: str | None = strawberry.field(
        description="Why nothing went (NO_ADDRESS, SWITCHED_OFF, NO_TEXT, ARRIVED_OTHERWISE) or the provider's code; "
        "else null."
    )


@strawberry.type(description="How messages come to a citizen.")
class MessageSettings(View[messages.MessageSettings]):
    channels: list[MessageChannel] = strawberry.field(
        description="The channels that she wants; by SMS comes always what she has to do something about, and what "
        "warns of acts in her name."
    )
    quiet_from: int = strawberry.field(description="The hour in India from which only one-time codes come.")
    quiet_until: int = strawberry.field(
        description="The hour until which it is quiet, at most 14 hours on; equal hours are none."
    )

    shows_content: bool = strawberry.field(
        description="Whether a push says on the lock screen what it is about, in the words of an SMS; else only that "
        "there is something."
    )

    @resolver_field(description="The channels that can be chosen here.")
    def connected(self, info: Info) -> list[MessageChannel]:
        return [each for each in MessageChannel if each in connected_channels(info.context.environment)]


@strawberry.type(description="What a text about a notice is filled with.")
class NotificationValue:
    name: str = strawberry.field(description="The variable of the texts.")
    text: str = strawberry.field(description="Its value in words.")


@strawberry.type
class MessagesMutation:
    """The mutation about how messages come."""

    choose_message_settings = action_mutation(
        choose_message_settings,
        thing_payload(
            "What became of the choice.",
            settings=Thing(MessageSettings, "What holds now; null when refused.", MessageSettings.of),
        ),
        "Choose by which channels, outside of which hours and in which language messages come to oneself.",
        input_fields(
            "How messages are to come.",
            channels="The channels that are wanted; one that is not connected here is refused.",
            quiet_from="The hour in India, 0 to 23, from which only one-time codes come.",
            quiet_until="The hour until which it is quiet, at most 14 hours after quietFrom (else "
            "QUIET_HOURS_TOO_LONG); the same as quietFrom for no quiet hours.",
            language="The language of messages and of the portal; left out, it stays.",
            shows_content="Whether a push says on the lock screen what it is about; left out, it stays.",
        ),
        name="choose_message_settings",
    )
