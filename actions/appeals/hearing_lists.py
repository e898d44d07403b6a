"""Lists hearings: a citizen's own, those that an authority holds, and those about an officer's work."""

from typing import Any

from actions.kernel import Environment, permitted_postings
from domain.appeals.appeals import Appeal, Hearing
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import NotSignedIn, PersonKind, Subject, not_found
from store.appeals import appeals, hearing_calendar
from store.appeals.hearing_calendar import Concerned, HearingWanted


def hearing_scope(subject: Subject) -> Concerned:
    """Whose hearings the subject sees; raises NotSignedIn, and NOT_FOUND for those who have none to see."""
    if not subject.signed_in:
        raise NotSignedIn
    if subject.kind is PersonKind.OFFICER and subject.person_id is not None:
        return Concerned(
            officer_id=subject.person_id,
            postings=tuple(permitted_postings(subject, ObjectKind.APPEAL, Purpose.HEAR_APPEAL)),
        )
    citizen_id = subject.person_id if subject.kind is PersonKind.CITIZEN else subject.on_behalf_of
    own = Resource(ObjectKind.APPEAL, None, citizen_id)
    if citizen_id is None or not any(decide(subject, own, one) for one in (Purpose.VIEW, Purpose.ASSIST)):
        raise not_found()
    return Concerned(citizen_id=citizen_id)


async def hearings_page(
    env: Environment, subject: Subject, wanted: HearingWanted, **part: Any
) -> list[tuple[Hearing, Appeal]]:
    """A page of the calendar, the earliest first, each with its appeal; raises as `hearing_scope`."""
    whose = hearing_scope(subject)
    async with env.store.read_transaction() as tx:
        found = await hearing_calendar.hearings_page(tx, whose, wanted, **part)
        known = await appeals.by_ids(tx, {one.appeal_id for one in found})
    return [(one, known[one.appeal_id]) for one in found]


async def count_hearings(env: Environment, subject: Subject, wanted: HearingWanted) -> int:
    """How many hearings there are; raises as `hearing_scope`."""
    whose = hearing_scope(subject)
    return await env.store.read(lambda tx: hearing_calendar.count_hearings(tx, whose, wanted))
