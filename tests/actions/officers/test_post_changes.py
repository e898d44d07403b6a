"""Who is told of a change of posts: the leaver, the taker and the head of department, once it takes effect."""

from datetime import timedelta

import pytest

from actions.officers.post_changes import WITHIN, post_changes
from actions.officers.staffing import RecordLeave, TransferOfficer, record_leave, transfer_officer
from domain.kernel import Posting, Role, Subject, ist_date
from domain.officers.staff import PostChange, PostChangeKind
from store.identity import people
from tests.support.actions import World
from tests.support.law import DEPARTMENT, enter_officer
from tests.support.staffing import OURS, transferred

Kind = PostChangeKind


@pytest.fixture
async def taker(world: World) -> Subject:
    return await enter_officer(world.env, "taker")


@pytest.fixture
async def head(world: World) -> Subject:
    return await enter_officer(world.env, "head", Posting(Role.DEPARTMENT_ADMIN, DEPARTMENT))


async def told(world: World, officer: Subject, by: Subject | None = None) -> list[PostChange]:
    async with world.env.store.read_transaction() as tx:
        key = officer.person_id or ""
        item = (await people.officers(tx, [key]))[key]
    return await post_changes(world.env, by or officer, item)


async def kinds(world: World, *officers: Subject) -> list[list[Kind]]:
    return [[one.kind for one in await told(world, officer)] for officer in officers]


def to(world: World, **how: str | None) -> TransferOfficer:
    return TransferOfficer(world.registrar.person_id or "", "order", **how)


async def test_nobody_is_told_of_an_order_that_waits(world, taker, head):
    await transfer_officer(world.env, OURS, to(world, successor_id=taker.person_id))

    assert await kinds(world, world.registrar, taker, head) == [[], [], []]


async def test_leaver_successor_and_head_are_told_of_a_transfer_and_nobody_else_is(world, taker, head):
    await transferred(world.env, OURS, to(world, successor_id=taker.person_id))

    assert await kinds(world, world.registrar, taker, head, world.tehsildar) == [
        [Kind.MOVED],
        [Kind.TAKEN],
        [Kind.HEADED],
        [],
    ]


async def test_who_has_charge_of_a_vacant_post_is_told(world, taker):
    await transferred(world.env, OURS, to(world, cover_id=taker.person_id))

    assert await kinds(world, taker) == [[Kind.CHARGE]]


async def test_officer_substitute_and_head_are_told_of_a_leave_when_it_begins(world, taker, head):
    today = ist_date(world.clock.now())
    request = RecordLeave(world.registrar.person_id or "", today, today + timedelta(days=2), "leave", taker.person_id)

    await record_leave(world.env, OURS, request)

    assert await kinds(world, world.registrar, taker, head) == [[Kind.COVERED], [Kind.STANDS_IN], [Kind.HEADED]]


async def test_a_leave_that_has_not_begun_is_not_told(world, taker):
    first = ist_date(world.clock.now()) + timedelta(days=2)
    await record_leave(
        world.env, OURS, RecordLeave(world.registrar.person_id or "", first, first, "leave", taker.person_id)
    )

    assert await kinds(world, world.registrar, taker) == [[], []]


async def test_nobody_reads_what_another_officer_is_told(world, taker, head):
    await transferred(world.env, OURS, to(world, successor_id=taker.person_id))

    assert await told(world, taker, by=head) == []


async def test_a_change_is_told_for_thirty_days(world, taker):
    await transferred(world.env, OURS, to(world, successor_id=taker.person_id))

    world.clock.advance(WITHIN + timedelta(seconds=1))

    assert await kinds(world, taker) == [[]]
