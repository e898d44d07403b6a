"""Copies on telephones: what `changes` and `queueChanges` tell, from the first page to the thousandth day."""

import random  # noqa: TID251 - a test throws dice by a seed
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from actions.applications.decide import Decide, Verdict, decide_application
from domain.applications.applications import RejectionGround
from domain.applications.lifecycle import OPEN
from domain.kernel import ANONYMOUS, OfficerLevel, Posting, Role, TypeCode
from domain.platform.changes import ChangeKind
from schema.kernel import node_id
from store.applications import applications
from store.applications.application_rows import applications_table
from store.database import change_feed
from tests.store import builders
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, OFFICER, RAVI, STRANGE_OFFICER

CHANGES = """query ($since: String, $first: Int!) { changes(since: $since, first: $first) {
  present { id number status version } removedIds complete nextCursor } }"""
QUEUE = """query ($since: String, $first: Int!) { viewer { ... on Officer { queueChanges(since: $since, first: $first) {
  present { id status withheld } removedIds complete nextCursor } } } }"""
LISTED = "{ viewer { ... on Citizen { applications(first: 100) { nodes { id number status version } } } } }"


async def step(world, subject, since=None, first=100):
    answer = await world.ask(CHANGES, subject, since=since, first=first)
    assert answer["errors"] == []
    return answer["data"]["changes"]


async def code(world, subject, query=CHANGES, **variables):
    answer = await world.ask(query, subject, **{"first": 10, **variables})
    return [error["extensions"]["code"] for error in answer["errors"]]


class Phone:
    """A copy and the cursor behind it."""

    def __init__(self, first):
        self.first = first
        self.held = {}
        self.cursor = None
        self.complete = False

    async def step(self, world, subject=CITIZEN):
        told = await step(world, subject, self.cursor, self.first)
        self.held |= {one["id"]: one for one in told["present"]}
        for gone in told["removedIds"]:
            self.held.pop(gone, None)
        self.cursor, self.complete = told["nextCursor"], told["complete"]

    async def follow(self, world):
        for _ in range(500):
            await self.step(world)
            if self.complete:
                return
        raise AssertionError("it never came to its end")


def case(number, citizen=ASHA, **facts):
    key = f"01930000-0000-7000-9000-{number:012}"
    facts = {"number": f"{number:014}", "district": "49", **facts}
    return builders.application(key, citizen_id=citizen, service_code="ES09", tehsil="304", **facts)


async def keep(world, *items):
    async with world.environment.store.write_transaction() as tx:
        for item in items:
            await applications.add(tx, item)


class Office:
    """Lets something happen, by dice."""

    def __init__(self, world, clock, seed):
        self.dice = random.Random(seed)
        self._store, self._clock = world.environment.store, clock
        self._kept, self._made = {}, 0

    async def happens(self):
        self._clock.advance(timedelta(minutes=self.dice.randrange(1, 90)))
        what = self.dice.random() if self._kept else 0
        async with self._store.write_transaction() as tx:
            if what < 0.45:
                await self._comes(tx)
            elif what < 0.9:
                await self._moves(tx)
            else:
                await self._goes(tx)

    async def _comes(self, tx):
        self._made += 1
        one = case(self._made, self.dice.choice([ASHA, ASHA, RAVI]), created_at=self._clock.now())
        await applications.add(tx, one)
        self._kept[one.id] = one

    async def _moves(self, tx):
        one = self.dice.choice(list(self._kept.values()))
        moved = replace(one, status=self.dice.choice(sorted(OPEN)))
        self._kept[one.id] = await applications.save(tx, moved, one.version)

    async def _goes(self, tx):
        """Nothing of ours deletes an application; a copy must stand it all the same."""
        gone = self.dice.choice(list(self._kept))
        del self._kept[gone]
        await change_feed.touch(tx, ChangeKind.APPLICATION, gone)
        await tx.connection.execute(delete(applications_table).where(applications_table.c.id == gone))


@pytest.mark.parametrize("seed", range(3))
async def test_a_phone_that_follows_to_the_end_holds_what_the_list_holds(world, store_clock, seed):
    office, phones = Office(world, store_clock, seed), [Phone(1), Phone(2), Phone(7)]
    for _ in range(25):
        await office.happens()
        for phone in phones:
            if office.dice.random() < 0.5:
                await phone.step(world)
    listed = (await world.ask(LISTED, CITIZEN))["data"]["viewer"]["applications"]["nodes"]
    assert len(listed) > 2
    for phone in phones:
        await phone.follow(world)
        assert phone.held == {one["id"]: one for one in listed}


async def test_while_nothing_happens_the_answer_is_the_same_to_the_octet_and_small(world, store_clock):
    await world.submit()
    cursor = (await step(world, CITIZEN))["nextCursor"]
    first = await step(world, CITIZEN, cursor)
    assert first == {"present": [], "removedIds": [], "complete": True, "nextCursor": cursor}
    assert len(cursor) <= 80
    store_clock.advance(timedelta(hours=1))
    assert await step(world, CITIZEN, cursor) == first
    store_clock.advance(timedelta(days=1))
    assert (await step(world, CITIZEN, cursor))["nextCursor"] != cursor


async def test_a_quiet_copy_outlives_the_feed_where_it_asks_now_and_then(world, store_clock):
    await world.environment.store.carry_out(change_feed.open_feed)
    await world.submit()
    cursor = old = (await step(world, CITIZEN))["nextCursor"]
    for day in range(40):
        store_clock.advance(timedelta(days=1))
        await keep(world, case(100 + day, RAVI))
        since = store_clock.now() - timedelta(days=30)
        await world.environment.store.carry_out(lambda tx, since=since: change_feed.sweep(tx, since))
        told = await step(world, CITIZEN, cursor)
        assert told["present"] == []
        cursor = told["nextCursor"]
    assert await code(world, CITIZEN, since=old) == ["RESYNC"]


async def test_a_cursor_of_another_feed_is_resync(world):
    cursor = (await step(world, CITIZEN))["nextCursor"]
    await world.environment.store.carry_out(change_feed.open_feed)
    assert await code(world, CITIZEN, since=cursor) == ["RESYNC"]


async def test_cursors_are_their_readers_own(world):
    cursor = (await step(world, CITIZEN))["nextCursor"]
    assert await code(world, NEIGHBOUR, since=cursor) == ["BAD_INPUT"]
    told = await world.ask(CHANGES, NEIGHBOUR, since=cursor, first=10)
    assert told["errors"][0]["extensions"]["detail"] == "since"
    for broken in ("", "x", cursor[:-2], cursor + "AA", "A" * 700):
        assert await code(world, CITIZEN, since=broken) == ["BAD_INPUT"]
    assert await code(world, CITIZEN, first=0) == ["BAD_INPUT"]
    assert await code(world, CITIZEN, first=101) == ["BAD_INPUT"]


async def test_changes_are_for_citizens(world):
    assert await code(world, ANONYMOUS) == ["UNAUTHENTICATED"]
    assert await code(world, OFFICER) == ["NOT_FOUND"]


async def test_another_citizens_changes_are_not_told(world):
    await keep(world, case(1))
    cursor = (await step(world, NEIGHBOUR))["nextCursor"]
    await keep(world, case(2))
    assert (await step(world, NEIGHBOUR, cursor))["present"] == []


async def queue(world, subject, since=None, first=100):
    answer = await world.ask(QUEUE, subject, since=since, first=first)
    assert answer["errors"] == []
    return answer["data"]["viewer"]["queueChanges"]


async def test_a_queue_tells_what_came_in_and_what_left(world):
    await keep(world, *(case(number) for number in range(1, 6)))
    held, cursor, complete = {}, None, False
    while not complete:
        told = await queue(world, OFFICER, cursor, 2)
        held |= {one["id"]: one["status"] for one in told["present"]}
        cursor, complete = told["nextCursor"], told["complete"]
    assert len(held) == 5
    request = Decide(
        case(1).id, Verdict.REJECT, "key", ground=RejectionGround.NOT_ELIGIBLE, reason="The income is above the limit."
    )
    await decide_application(world.environment, OFFICER, request)
    await keep(world, case(6), case(7, district="45"))
    told = await queue(world, OFFICER, cursor)
    assert [one["id"] for one in told["present"]] == [node_id(TypeCode.APPLICATION, case(6).id)]
    assert told["removedIds"] == [node_id(TypeCode.APPLICATION, case(1).id)]
    assert told["complete"]


async def test_a_queue_tells_nothing_of_drafts_nor_of_other_places(world):
    cursor = (await queue(world, STRANGE_OFFICER))["nextCursor"]
    mine = (await queue(world, OFFICER))["nextCursor"]
    draft = case(1)
    await keep(world, replace(draft, status=draft.status.DRAFT))
    assert (await queue(world, OFFICER, mine))["removedIds"] == []
    await keep(world, case(2))
    told = await queue(world, STRANGE_OFFICER, cursor)
    assert (told["present"], told["removedIds"]) == ([], [])


async def test_with_other_postings_the_copy_of_a_queue_begins_anew(world):
    cursor = (await queue(world, OFFICER))["nextCursor"]
    more = Posting(Role.OFFICER, "revenue-department", "45", None, OfficerLevel.DESIGNATED)
    moved = replace(OFFICER, postings=(*OFFICER.postings, more))
    assert await code(world, moved, QUEUE, since=cursor) == ["RESYNC"]


async def test_a_case_that_lies_with_a_colleague_is_withheld(world):
    cursor = (await queue(world, OFFICER))["nextCursor"]
    await keep(world, case(1, officer_id="colleague"))
    assert [one["withheld"] for one in (await queue(world, OFFICER, cursor))["present"]] == [True]
