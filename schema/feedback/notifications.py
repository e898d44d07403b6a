"""A citizen's messages: what the office did, what the citizen must or may do, and by when."""

from collections.abc import Callable
from datetime import datetime
from typing import Self

import strawberry

from actions.feedback.notices import mark_read
from actions.kernel import require_read
from domain.feedback import notices
from domain.feedback.messages import MessageChannel
from domain.feedback.notices import NEEDS_HER, NoticeKind, Topic, notice_text
from domain.identity.policy import ObjectKind, Resource
from domain.kernel import TypeCode
from domain.kernel.messages import with_specimen_mark
from schema.appeals.types import Appeal, appeal_by_id
from schema.applications.loaders import application_field
from schema.doorstep.types import DoorstepVisit, visit_by_id
from schema.feedback.grievances import Grievance, grievance_by_id
from schema.feedback.messages import NotificationMessage, NotificationValue, messages_of_notice
from schema.feedback.suggestions import Suggestion, suggestion_by_id
from schema.kernel import (
    AUTHENTICATED,
    Info,
    InLanguage,
    Listing,
    Mapped,
    Node,
    assumed_list_size,
    field_by_key,
    field_language,
    one_by_key,
    resolver_field,
    stored_listing,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields
from schema.kernel.payloads import Thing, thing_payload
from store.feedback import notices as kept


def _of_notice(notice: notices.Notice) -> Resource:
    return Resource(ObjectKind.NOTICE, notice.id, notice.citizen_id)


notice_by_id = one_by_key(kept.by_ids, _of_notice)


def _key_of_topic(topic: Topic) -> Callable[["Notification"], str | None]:
    """The key of what a message is about, where that is of one kind."""
    return lambda message: message.item.topic_id if message.item.topic is topic else None


@strawberry.type(
    directives=[AUTHENTICATED], description="A message to the citizen, made of keys: no free text is kept."
)
class Notification(Node, Mapped[notices.Notice], id_of=TypeCode.NOTIFICATION):
    item: strawberry.Private[notices.Notice]
    kind: NoticeKind = strawberry.field(description="What it tells of.")
    needs_action: bool = strawberry.field(description="Whether there is something for her to do, or to do by a day.")
    created_at: datetime = strawberry.field(description="When it happened.")
    read_at: datetime | None = strawberry.field(description="When she marked it as read; null while she has not.")

    @classmethod
    def of(cls, item: notices.Notice) -> Self:
        return cls.read(item, needs_action=item.kind in NEEDS_HER)

    @resolver_field(description="The message in words.")
    def text(self, info: Info, language: InLanguage = None) -> str:
        shown, rules = field_language(info, language), info.context.environment.rules
        return with_specimen_mark(notice_text(self.item, shown), shown, specimen=rules.specimen)

    @resolver_field(description="What the texts about it are filled with, in words.")
    def values(self, info: Info, language: InLanguage = None) -> list[NotificationValue]:
        shown = notices.notice_values(self.item, field_language(info, language))
        return [NotificationValue(name=name, text=text) for name, text in shown.items()]

    @resolver_field(
        description="The messages that carry it, by channel; none where it is on the portal alone.",
        directives=[assumed_list_size(len(MessageChannel))],
    )
    async def messages(self, info: Info) -> list[NotificationMessage]:
        return [NotificationMessage.of(one) for one in await info.context.load(messages_of_notice, self.item.id)]

    application = application_field(description="The application that it is about; null for a suggestion.")
    appeal = field_by_key(
        appeal_by_id,
        Appeal.of,
        _key_of_topic(Topic.APPEAL),
        description="The appeal that it is about, if it is about one.",
    )
    visit = field_by_key(
        visit_by_id,
        DoorstepVisit.of,
        _key_of_topic(Topic.VISIT),
        description="The doorstep visit that it is about, if it is about one.",
    )
    grievance = field_by_key(
        grievance_by_id,
        Grievance.of,
        _key_of_topic(Topic.GRIEVANCE),
        description="The grievance that it is about, if it is about one.",
    )
    suggestion = field_by_key(
        suggestion_by_id,
        Suggestion.of,
        _key_of_topic(Topic.SUGGESTION),
        description="The suggestion that it is about, if it is about one.",
    )


async def notifications_of(info: Info, citizen_id: str, *, unread_only: bool) -> Listing[notices.Notice]:
    """Her messages, the newest first, for herself alone; raises NOT_FOUND for anybody else."""
    mine = Resource(ObjectKind.NOTICE, None, citizen_id)
    await require_read(info.context.environment, info.context.subject, mine)
    found = kept.of_citizen(citizen_id, unread_only=unread_only)
    return stored_listing(info, f"notifications:{citizen_id}:{unread_only}", found, Notification.of)


@strawberry.type
class NotificationsMutation:
    mark_notifications_read = action_mutation(
        mark_read,
        thing_payload(
            "What became of the marks.", marked=Thing(int, "How many were unread until now; null when refused.", int)
        ),
        "Mark one's own messages as read.",
        input_fields(
            "Which of one's messages were read.",
            ids=id_of(
                TypeCode.NOTIFICATION,
                "The messages, at most 100; left out, all of them.",
                "notification_ids",
                former=("ids", "0.1"),
            ),
        ),
        name="mark_notifications_read",
    )
