"""Claims, proposals, packs, reads outside the queue; the filters, orders and counts of a queue."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.applications.applications import Channel, RejectionGround
from domain.applications.lifecycle import OPEN, Status
from domain.benefits.benefits import PaymentStatus
from domain.kernel import Posting, Role
from domain.officers.desk import Claim, DaysLeft, Holder, OpinionState, Pack, Proposal, QueueFilter, QueueSort
from store.applications import applications
from store.benefits import benefits
from store.database import NotThere, Store
from store.identity import people
from store.officers import desk, desk_queue, desk_reads
from tests.store.builders import application, citizen, instalment, sanction
from tests.support.databases import NOW
from tests.support.plans import asked, plan_of, put_together

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVERY = QueueFilter()
HERE = Posting(Role.OFFICER, "revenue-department", "57")


def claim(officer: str, application_id: str = "a1", *, at=NOW, hours: int = 4) -> Claim:
    return Claim(application_id, officer, at, at + hours * HOUR)


def proposal(key: str = "p1", by: str = "o1", **changes) -> Proposal:
    facts = {
        "id": key,
        "application_id": "a1",
        "citizen_id": "c1",
        "version": 1,
        "state": OpinionState.PROPOSED,
        "verdict": "REJECT",
        "ground": RejectionGround.NOT_ELIGIBLE,
        "reason": "Income is above the limit.",
        "proposed_by": by,
        "proposed_at": NOW,
    }
    return Proposal(**{**facts, **changes})


@pytest.fixture
async def with_cases(store: Store) -> Store:
    """Six cases of one citizen in district 57."""
    cases = (
        application("a1", due_at=NOW + 2 * DAY, submitted_at=NOW - 1 * DAY, officer_id="o1", number="12600000000011"),
        application("a2", due_at=NOW - DAY, submitted_at=NOW - 9 * DAY, service_code="ES01", tehsil="359"),
        application("a3", due_at=NOW, submitted_at=NOW - 3 * DAY, channel=Channel.CSC, officer_id="o2"),
        application("a4", due_at=None, submitted_at=NOW - 4 * DAY, status=Status.SUBMITTED),
        application("a5", due_at=NOW + 30 * DAY, submitted_at=NOW - 5 * DAY, status=Status.IN_VERIFICATION),
        application("a6", due_at=NOW + 5 * DAY, status=Status.REJECTED),
    )
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        for case in cases:
            await applications.add(tx, case)
    return store


async def listed(store: Store, wanted: QueueFilter = EVERY, **how) -> list[str]:
    how = {"limit": 20, **how}
    async with store.read_transaction() as tx:
        return [case.id for case in await desk_queue.page(tx, "o1", [HERE], wanted, **how)]


async def test_a_queue_is_listed_by_due_date_or_by_arrival(with_cases: Store) -> None:
    assert await listed(with_cases) == ["a2", "a3", "a1", "a5", "a4"]
    assert await listed(with_cases, sort=QueueSort.RECEIVED) == ["a2", "a5", "a4", "a3", "a1"]


async def test_pages_go_on_where_they_ended_past_the_ones_without_a_due_date(with_cases: Store) -> None:
    assert await listed(with_cases, limit=2) == ["a2", "a3"]
    assert await listed(with_cases, limit=2, place=(NOW, "a3")) == ["a1", "a5"]
    assert await listed(with_cases, place=(NOW + 30 * DAY, "a5")) == ["a4"]
    assert await listed(with_cases, place=(None, "a4")) == []
    assert await listed(with_cases, sort=QueueSort.RECEIVED, place=(NOW - 4 * DAY, "a4")) == ["a3", "a1"]


async def test_pages_go_back_as_they_came_from_the_end_and_past_the_ones_without_a_due_date(with_cases: Store) -> None:
    assert await listed(with_cases, limit=2, backward=True) == ["a5", "a4"]
    assert await listed(with_cases, limit=2, backward=True, place=(None, "a4")) == ["a1", "a5"]
    assert await listed(with_cases, limit=2, backward=True, place=(NOW + 2 * DAY, "a1")) == ["a2", "a3"]
    assert await listed(with_cases, backward=True, place=(NOW - DAY, "a2")) == []
    assert await listed(with_cases, sort=QueueSort.RECEIVED, backward=True, limit=1) == ["a1"]
    before = {"sort": QueueSort.RECEIVED, "place": (NOW - 4 * DAY, "a4")}
    assert await listed(with_cases, backward=True, **before) == ["a2", "a5"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (QueueFilter(statuses=frozenset({Status.REJECTED})), ["a6"]),
        (QueueFilter(services=("ES01",)), ["a2"]),
        (QueueFilter(tehsils=("359", "360")), ["a2"]),
        (QueueFilter(channels=(Channel.CSC,)), ["a3"]),
        (QueueFilter(due_before=NOW + DAY), ["a2", "a3"]),
        (QueueFilter(overdue=True), ["a2"]),
        (QueueFilter(number="126000"), ["a1"]),
        (QueueFilter(number="1_6%"), []),
        (QueueFilter(assigned_to=Holder.ME), ["a1"]),
        (QueueFilter(assigned_to=Holder.OTHERS), ["a3"]),
        (QueueFilter(assigned_to=Holder.NOBODY), ["a2", "a5", "a4"]),
    ],
)
async def test_each_filter_lets_only_its_cases_through(with_cases: Store, wanted: QueueFilter, expected) -> None:
    assert await listed(with_cases, wanted) == expected
    async with with_cases.read_transaction() as tx:
        assert await desk_queue.size(tx, "o1", [HERE], wanted) == len(expected)
        assert await desk_queue.size(tx, "o1", [], wanted) == 0


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ({Status.DELIVERED}, {Status.DELIVERED: ["arrived"]}),
        ({Status.BENEFIT_SANCTIONED}, {Status.BENEFIT_SANCTIONED: ["came-back", "sanctioned"]}),
        (
            {Status.DELIVERED, Status.BENEFIT_SANCTIONED},
            {Status.DELIVERED: ["arrived"], Status.BENEFIT_SANCTIONED: ["came-back", "sanctioned"]},
        ),
        (OPEN, {Status.BENEFIT_SANCTIONED: ["came-back", "sanctioned"]}),
    ],
)
async def test_a_queue_is_filtered_and_counted_by_the_state_in_which_a_case_is_shown(
    store: Store, statuses: set[Status], expected: dict[Status, list[str]]
) -> None:
    delivered = {"arrived": PaymentStatus.CREDITED, "came-back": PaymentStatus.RETURNED}
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        await applications.add(tx, application("sanctioned", due_at=NOW, status=Status.BENEFIT_SANCTIONED))
        for name, paid in delivered.items():
            await applications.add(tx, application(name, due_at=NOW, status=Status.DELIVERED))
            await benefits.add_sanction(tx, sanction(f"s-{name}", name))
            await benefits.add_instalments(tx, [instalment(f"i-{name}", f"s-{name}", status=paid)])
    wanted = QueueFilter(statuses=frozenset(statuses))

    async with store.read_transaction() as tx:
        size = await desk_queue.size(tx, "o1", [HERE], wanted)
        counts = await desk_queue.counts(tx, "o1", [HERE], wanted)

    assert sorted(await listed(store, wanted)) == sorted(name for names in expected.values() for name in names)
    assert counts.by_status == {status: len(names) for status, names in expected.items()}
    assert size == counts.total


async def test_claims_filter_a_queue_until_they_end(with_cases: Store, store_clock) -> None:
    async with with_cases.write_transaction() as tx:
        await desk.take_claim(tx, claim("o1"), "c1")
        await desk.take_claim(tx, claim("o2", "a2"), "c1")
    assert await listed(with_cases, QueueFilter(claimed_by=Holder.ME)) == ["a1"]
    assert await listed(with_cases, QueueFilter(claimed_by=Holder.OTHERS)) == ["a2"]
    assert await listed(with_cases, QueueFilter(claimed_by=Holder.NOBODY)) == ["a3", "a5", "a4"]
    store_clock.advance(5 * HOUR)
    assert len(await listed(with_cases, QueueFilter(claimed_by=Holder.NOBODY))) == 5


async def test_proposals_are_looked_for_among_open_cases_alone(sqlite_store) -> None:
    with asked(sqlite_store) as seen:
        await listed(sqlite_store, QueueFilter(frozenset(Status), proposed_by=Holder.OTHERS))
    async with sqlite_store.read_transaction() as tx:
        plans = [await plan_of(tx, each) for each in seen]

    assert [plan for plan in plans if "applications USING INDEX ix_applications_open_" not in plan] == []


async def test_only_proposals_on_the_present_version_wait(with_cases: Store) -> None:
    async with with_cases.write_transaction() as tx:
        await desk.add_proposal(tx, proposal())
        await desk.add_proposal(tx, proposal("p2", "o2", application_id="a2"))
        await desk.add_proposal(tx, proposal("p3", "o2", application_id="a3", version=9))
    assert await listed(with_cases, QueueFilter(proposed_by=Holder.ME)) == ["a1"]
    assert await listed(with_cases, QueueFilter(proposed_by=Holder.OTHERS)) == ["a2"]
    assert await listed(with_cases, QueueFilter(proposed_by=Holder.NOBODY)) == ["a3", "a5", "a4"]


async def test_a_queue_is_counted_by_state_and_by_days_left(with_cases: Store) -> None:
    async with with_cases.write_transaction() as tx:
        await desk.take_claim(tx, claim("o1", "a5"), "c1")
        await desk.add_proposal(tx, proposal("p2", "o2", application_id="a2"))
    async with with_cases.read_transaction() as tx:
        counts = await desk_queue.counts(tx, "o1", [HERE], QueueFilter())
    assert counts.total == 5
    assert counts.by_status == {Status.IN_SCRUTINY: 3, Status.SUBMITTED: 1, Status.IN_VERIFICATION: 1}
    assert counts.by_days_left == {
        DaysLeft.OVERDUE: 1,
        DaysLeft.TODAY: 1,
        DaysLeft.WITHIN_3_DAYS: 1,
        DaysLeft.LATER: 1,
        DaysLeft.NO_DUE_DATE: 1,
    }
    assert (counts.claimed_by_me, counts.proposals) == (1, 1)


async def test_a_queue_and_its_counts_are_asked_straight_at_the_driver(with_cases: Store) -> None:
    with put_together(with_cases) as seen:
        await listed(with_cases, QueueFilter(frozenset(Status), proposed_by=Holder.OTHERS))
        await listed(with_cases, place=(NOW, "a3"))
        async with with_cases.read_transaction() as tx:
            await desk_queue.counts(tx, "o1", [HERE], QueueFilter())
            await tx.connection.execute(sa.text("SELECT 1"))

    assert [str(statement) for statement in seen] == ["SELECT 1"]


async def test_each_officer_has_counts_of_her_own_claims_and_of_others_proposals(with_cases: Store) -> None:
    async with with_cases.write_transaction() as tx:
        await desk.take_claim(tx, claim("o1"), "c1")
        await desk.add_proposal(tx, proposal())

    async with with_cases.read_transaction() as tx:
        counts = [await desk_queue.counts(tx, officer, [HERE], EVERY) for officer in ("o1", "o2")]

    assert [(one.claimed_by_me, one.proposals) for one in counts] == [(1, 0), (0, 1)]


async def test_a_claim_holds_until_it_ends_or_is_taken_over(with_cases: Store) -> None:
    async with with_cases.write_transaction() as tx:
        assert await desk.take_claim(tx, claim("o1"), "c1") is None
        assert await desk.take_claim(tx, claim("o1", at=NOW + HOUR), "c1") is None
        holder = await desk.take_claim(tx, claim("o2", at=NOW + 2 * HOUR), "c1")
        assert holder == claim("o1", at=NOW + HOUR)
        assert await desk.take_claim(tx, claim("o2", at=NOW + 2 * HOUR), "c1", take_over=True) is None
        assert (await desk.claims(tx, ["a1"], NOW + 3 * HOUR))["a1"].officer_id == "o2"
        assert await desk.claims(tx, ["a1"], NOW + 6 * HOUR) == {}
        assert await desk.take_claim(tx, claim("o1", at=NOW + 6 * HOUR), "c1") is None
        await desk.release(tx, "a1")
        assert await desk.claims(tx, ["a1"], NOW + 7 * HOUR) == {}


async def test_of_two_officers_who_claim_at_once_one_gets_the_case(with_cases: Store) -> None:
    async def take(officer: str) -> Claim | None:
        async with with_cases.write_transaction() as tx:
            await desk.lock_application(tx, "a1")
            return await desk.take_claim(tx, claim(officer), "c1")

    for _ in range(5):
        refused = [one for one in await asyncio.gather(*(take(f"o{n}") for n in range(4))) if one is not None]
        assert len(refused) == 3
        assert len({one.officer_id for one in refused}) == 1
        async with with_cases.write_transaction() as tx:
            await desk.release(tx, "a1")


async def test_a_proposal_is_answered_once(with_cases: Store) -> None:
    async with with_cases.write_transaction() as tx:
        await desk.add_proposal(tx, proposal(documents=("photo",)))
        assert await desk.proposals(tx, ["a1", "a2"]) == {"a1": proposal(documents=("photo",))}
        answered = await desk.answer_proposal(tx, proposal(), OpinionState.SENT_BACK, by="o2", note="Look again.")
        with pytest.raises(NotThere):
            await desk.answer_proposal(tx, proposal(), OpinionState.CONFIRMED, by="o3")
        kept = (await desk.proposals(tx, ["a1"]))["a1"]
    assert (kept.state, kept.answered_by, kept.answer_note) == (OpinionState.SENT_BACK, "o2", "Look again.")
    assert kept.answered_at == answered.answered_at == NOW


async def test_a_new_proposal_overtakes_one_that_waited(with_cases: Store) -> None:
    async with with_cases.write_transaction() as tx:
        await desk.add_proposal(tx, proposal())
        await desk.add_proposal(tx, proposal("p2", version=2, proposed_at=NOW + HOUR))
        with pytest.raises(NotThere):
            await desk.answer_proposal(tx, proposal(), OpinionState.CONFIRMED, by="o3")
        assert (await desk.proposals(tx, ["a1"]))["a1"].id == "p2"


async def test_a_pack_is_known_again(store: Store) -> None:
    given = Pack("k1", "o1", NOW.date(), NOW, NOW + DAY, {"a1": 3})
    async with store.write_transaction() as tx:
        await desk.add_pack(tx, given)
        assert await desk.pack(tx, "k1") == given
        assert await desk.pack(tx, "k2") is None


async def test_reads_outside_the_queue_are_counted_and_unusual_ones_told(with_cases: Store, store_clock) -> None:
    async with with_cases.write_transaction() as tx:
        await desk_reads.note_read(tx, "o1", "a1", "c1", "SUPERVISE")
        await desk_reads.note_read(tx, "o2", "a1", "c1", "SUPERVISE")
        assert await desk_reads.reads_since(tx, "o1", NOW - HOUR) == 1
        assert await desk_reads.reads_since(tx, "o1", NOW) == 0
        await desk_reads.record_unusual(tx, "o1", 51)
        assert await desk_reads.unusual_since(tx, "o1", NOW - HOUR)
        assert not await desk_reads.unusual_since(tx, "o2", NOW - HOUR)
    store_clock.advance(HOUR)
    async with with_cases.write_transaction() as tx:
        await desk_reads.record_unusual(tx, "o1", 60)
        found = await desk_reads.unusual_reads(tx, NOW - HOUR)
        assert [(one.officer_id, one.count) for one in found] == [("o1", 60)]
        assert await desk_reads.unusual_reads(tx, NOW + HOUR) == []
