"""Lists the officers of a department, their leaves and vacant posts, for those who may see them."""

from dataclasses import asdict, dataclass
from typing import Any

from actions.kernel import Environment, require_postings
from actions.officers.staffing import of_posting
from domain.identity.policy import ObjectKind, Purpose, decide
from domain.kernel import Officer, PersonKind, Posting, Role, Subject
from domain.officers.staff import Leave
from store.database import StoredList
from store.identity import people
from store.officers import leave


@dataclass(frozen=True, slots=True)
class StaffFilter:
    """Which posts: of a department by its slug, of a district by its code; None is every one.

    `words` stand in the name or the designation of an officer, `officer` is her id.
    """

    department: str | None = None
    district: str | None = None
    words: str | None = None
    officer: str | None = None


def administrator_postings(subject: Subject) -> list[Posting]:
    """The postings under which the subject posts officers; raises NOT_FOUND where there is none."""
    return require_postings(subject, ObjectKind.POSTING, Purpose.OPERATE)


def may_see_leaves(subject: Subject, officer: Officer) -> bool:
    """Whether the subject is the officer, or may post her."""
    if subject.person_id == officer.id:
        return True
    held = officer.postings or (Posting(Role.OFFICER),)
    return all(decide(subject, of_posting(officer.id, posting), Purpose.OPERATE) for posting in held)


async def leave_by_id(env: Environment, subject: Subject, leave_id: str) -> Leave | None:
    """A leave for those who may see it, else None."""
    async with env.store.read_transaction() as tx:
        found = await leave.get(tx, leave_id)
        if subject.kind is not PersonKind.OFFICER or subject.person_id is None:
            return None  # leaves are shown to officers alone
        # For a leave that is not there the one who asks is read instead: denied and absent take equally long.
        holder = found.officer_id if found else subject.person_id
        officer = (await people.officers(tx, [holder])).get(holder)
    return found if found and officer is not None and may_see_leaves(subject, officer) else None


def leaves_of(subject: Subject, officer: Officer) -> StoredList[Leave]:
    """Leaves of an officer, the latest first; none for those who may not see them."""
    return leave.of_officer(officer.id if may_see_leaves(subject, officer) else "")


async def staff_page(env: Environment, within: list[Posting], wanted: StaffFilter, **part: Any) -> list[Officer]:
    """Officers with a post in those postings, by id."""
    return await env.store.read(lambda tx: people.staff_page(tx, within, **asdict(wanted), **part))


async def count_staff(env: Environment, within: list[Posting], wanted: StaffFilter) -> int:
    """How many officers there are."""
    return await env.store.read(lambda tx: people.count_staff(tx, within, **asdict(wanted)))
