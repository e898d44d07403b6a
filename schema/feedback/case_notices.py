"""Notices about a case for who may read it: whether they reached the citizen, without her address."""

from datetime import datetime

import strawberry

from actions.feedback.channel_trials import send_test_message
from actions.feedback.repeated_notices import resend_notice
from domain.feedback import notices
from domain.feedback.messages import MessageChannel
from domain.feedback.notices import NoticeKind
from domain.kernel import TypeCode
from schema.feedback.messages import NotificationMessage, messages_of_notice
from schema.kernel import AUTHENTICATED, Info, View, assumed_list_size, many_by_key, resolver_field
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields
from schema.kernel.payloads import Thing, thing_payload
from store.feedback import notices as kept

notices_of_application = many_by_key(kept.of_applications)


@strawberry.type(directives=[AUTHENTICATED], description="A notice to the citizen, and whether it reached her.")
class CaseNotice(View[notices.Notice], id_of=TypeCode.NOTIFICATION):
    item: strawberry.Private[notices.Notice]
    id: strawberry.ID = strawberry.field(description="The notice, for resendNotice.")
    kind: NoticeKind = strawberry.field(description="What it tells of.")
    created_at: datetime = strawberry.field(description="When it happened.")

    @resolver_field(
        description="The messages that carry it, by channel; no address is told.",
        directives=[assumed_list_size(len(MessageChannel))],
    )
    async def messages(self, info: Info) -> list[NotificationMessage]:
        return [NotificationMessage.of(one) for one in await info.context.load(messages_of_notice, self.item.id)]


_payload = thing_payload(
    "What became of a notice that was to be sent.",
    "SentNoticePayload",
    notice=Thing(CaseNotice, "The notice as it was sent; null when refused.", CaseNotice.of),
)


@strawberry.type
class CaseNoticesMutation:
    resend_notice = action_mutation(
        resend_notice,
        _payload,
        "Send a notice once more: one's own, for officers one of a case that they decide, or for the helpline one of "
        "a citizen whose conversation it has. An hour after the last time, and three times at most.",
        input_fields(
            "A notice that did not arrive.",
            notification_id=id_of(TypeCode.NOTIFICATION, "The notice."),
        ),
    )
    test_message = action_mutation(
        send_test_message,
        thing_payload(
            "What became of a test message.",
            notice=Thing(
                CaseNotice,
                "The notice as it was sent to a citizen; null when refused and for administrators.",
                lambda tried: tried.notice and CaseNotice.of(tried.notice),
            ),
            message=Thing(
                NotificationMessage,
                "An administrator's message: SENT, or SENDING for a replay. Null when refused and for citizens, who "
                "read it of the notice.",
                lambda tried: tried.message and NotificationMessage.of(tried.message),
            ),
        ),
        "Send a test message by one channel: for a citizen to the address that her account has there, for an "
        "administrator of the state where she says. 6 in a day, and 20 of all administrators together.",
        input_fields(
            "The channel to try.",
            channel="The channel; one that is not connected here is refused, and push for administrators.",
            to="For administrators alone, who must give it: a mobile of ten digits, or for EMAIL an address.",
            language="For administrators the language; a citizen's is that of her account.",
        ),
        name="test_message",
    )
