"""Lists hearings: a citizen's own, those that an authority holds, and those about an officer's work."""

from collections.abc import Sequence
from typing import TypeVar

from actions.kernel import Environment, permitted_postings
from domain.appeals.appeals import Appeal, Award, Hearing
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import PersonKind, Subject, not_found
from store.appeals import appeals, hearing_calendar
from store.appeals.hearing_calendar import Concerned, HearingWanted
from store.database import StoredList

OfAppeal = TypeVar("OfAppeal", Hearing, Award)


def hearing_scope(subject: Subject) -> Concerned:
    """Whose hearings the subject sees; raises NotSignedIn, and NOT_FOUND for those who have none to see."""
    subject.require_signed_in()
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


def hearings_of(subject: Subject, wanted: HearingWanted) -> StoredList[Hearing]:
    """The subject's calendar, the earliest first; raises as `hearing_scope`."""
    return hearing_calendar.hearings(hearing_scope(subject), wanted)


async def with_appeals(env: Environment, found: Sequence[OfAppeal]) -> list[tuple[OfAppeal, Appeal]]:
    """Hearings or awards, each with its appeal."""
    known = await env.store.read(lambda tx: appeals.by_ids(tx, {one.appeal_id for one in found}))
    return [(one, known[one.appeal_id]) for one in found]
