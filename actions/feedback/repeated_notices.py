"""Sends a notice once more."""

from dataclasses import dataclass, replace
from datetime import timedelta

from actions.feedback.conversations import of_conversation
from actions.kernel import (
    Environment,
    UnitOfWork,
    note,
    of_application,
    permitted_postings,
    refuse_flood,
    require_thing,
    run_request,
)
from domain.feedback.notices import Notice, NoticeKind
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import PersonKind, Subject, not_found, require_found
from store.applications import applications
from store.database import locks
from store.feedback import conversations, notices

MOST_AGAIN = 3
"""So often a notice is sent again at all."""
AGAIN_AFTER = timedelta(hours=1)
"""So long after it went the last time a notice is not sent again."""
_PATH = ("input", "notificationId")


@dataclass(frozen=True, slots=True)
class ResendNotice:
    """A notice that is to be sent once more."""

    notification_id: str
    idempotency_key: str


async def resend_notice(env: Environment, subject: Subject, request: ResendNotice) -> tuple[Notice, bool]:
    """Send a notice again, as a new one that says the same; for its citizen, and for who decides its case.

    So too for the helpline while a conversation with its citizen is handed over to it.

    Raises NotSignedIn; Problems: NOT_FOUND, also for a test message; RATE_LIMITED after MOST_AGAIN times and within
    AGAIN_AFTER of the last one.
    """
    return await run_request(env, subject, "resendNotice", request, _resend, read=notices.get)


async def _resend(acting: UnitOfWork, request: ResendNotice) -> Notice:
    found = require_found(await notices.get(acting.tx, request.notification_id), *_PATH)
    if found.kind is NoticeKind.TEST_MESSAGE:
        raise not_found(*_PATH)
    resource = await _require_reader(acting, found)
    event, _, _ = found.event_key.partition(":again:")
    await locks.lock_exclusive(acting.tx, "notice_again", event)
    keys = [f"{event}:again:{each}" for each in range(1, MOST_AGAIN + 1)]
    before = await notices.of_events(acting.tx, [event, *keys])
    refuse_flood(len(before) - 1, MOST_AGAIN)
    refuse_flood(sum(one.created_at > acting.now - AGAIN_AFTER for one in before), 1)
    again = replace(
        found, id=acting.env.ids.key(), event_key=keys[len(before) - 1], created_at=acting.now, read_at=None
    )
    await notices.add(acting.tx, again)
    await note(acting, "notice.resend", resource, Purpose.VIEW, kind=found.kind.value)
    return again


async def _require_reader(acting: UnitOfWork, notice: Notice) -> Resource:
    """What access was decided on: the citizen's own notice, the helpline's conversation, or the case to be decided."""
    if acting.subject.kind is PersonKind.CITIZEN or notice.application_id is None:
        own = Resource(ObjectKind.NOTICE, notice.id, notice.citizen_id)
        await require_thing(acting, notice, lambda _: own, Purpose.APPLY, path=_PATH)
        return own
    if permitted_postings(acting.subject, ObjectKind.CONVERSATION, Purpose.RESPOND):
        talk = await conversations.of_helpline_with(acting.tx, notice.citizen_id)
        return of_conversation(await require_thing(acting, talk, of_conversation, Purpose.RESPOND, path=_PATH))
    case = await applications.get(acting.tx, notice.application_id)
    return of_application(await require_thing(acting, case, of_application, Purpose.DECIDE, path=_PATH))
