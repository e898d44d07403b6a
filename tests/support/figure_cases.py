"""Officers of every post and cases with their figures, for tests of statistics, dashboards and delays."""

from datetime import timedelta
from typing import Any

from domain.applications.lifecycle import Status
from domain.kernel import Bilingual, Officer, PersonKind, Posting, Subject
from domain.statistics.figures import figure_inputs, marks_of
from store.applications import applications
from store.identity import people
from store.statistics import figures
from tests.store.builders import application
from tests.support.graph import ASHA, NOW, World

DAY = timedelta(days=1)
CASES = """query ($list: CaseList!, $purpose: ReadPurpose!, $filter: CaseFilter, $first: Int, $after: String) {
  figureCases(list: $list, purpose: $purpose, filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { number status serviceCode districtCode channel
      receivedOn dueOn daysLate service { code } district { code } tehsil { code } officer { designation }
      delayReason { cause causeLabel text recordedBy { designation } } } } }"""


async def enter(world: World, name: str, *postings: Posting) -> Subject:
    key = world.environment.ids.key()
    async with world.environment.store.write_transaction() as tx:
        title = Bilingual("अधिकारी", "Officer")
        await people.add_officer(tx, Officer(key, Bilingual(None, name), title, f"{name}@officer.example", postings))
    roles = frozenset(posting.role for posting in postings)
    return Subject(roles, PersonKind.OFFICER, key, postings)


async def kept(world: World, many: int, **changes: Any) -> None:
    """So many applications that ended, with their figures, as an import of old cases keeps them."""
    async with world.environment.store.write_transaction() as tx:
        for _ in range(many):
            key = world.environment.ids.key()
            values: dict[str, Any] = {
                "citizen_id": ASHA,
                "number": key,
                "acknowledgement": key,
                "district": "49",
                "status": Status.DELIVERED,
                "submitted_at": NOW - 9 * DAY,
                "delivered_at": NOW,
                "due_at": NOW + DAY,
            }
            case = application(key, **(values | changes))
            await applications.add(tx, case)
            await figures.add(tx, marks_of(figure_inputs(case)), case.id)
