"""Lists of objects that are read page by page, and counted."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.officers.staff import Leave
from store.appeals import appeals
from store.catalogue import centres
from store.database import Store, Transaction, fetch_rows
from store.identity import people
from store.officers import leave
from tests.store.builders import NOW, officer

DAY = timedelta(days=1)


def leave_of(number: int) -> Leave:
    first = NOW.date() + number * DAY
    return Leave(f"l{number}", "o1", None, first, first, "o2", NOW)


async def add_leaves(tx: Transaction, many: int) -> None:
    await people.add_officer(tx, officer("o1"))
    for number in range(many):
        await leave.add(tx, leave_of(number))


async def test_a_list_gives_its_pages_in_its_order_from_either_end(store: Store) -> None:
    async with store.write_transaction() as tx:
        await add_leaves(tx, 5)
        listed = leave.of_officer("o1")

        first = await listed.page(tx, limit=2)
        after = await listed.page(tx, place=(first[-1].from_on, first[-1].id), limit=2)
        before = await listed.page(tx, place=(after[0].from_on, after[0].id), backward=True, limit=1)
        last = await listed.page(tx, backward=True, limit=2)

    assert [one.id for one in (*first, *after)] == ["l4", "l3", "l2", "l1"]
    assert [one.id for one in before] == ["l3"]
    assert [one.id for one in last] == ["l1", "l0"]


async def test_a_list_counts_what_all_its_pages_hold(store: Store) -> None:
    async with store.write_transaction() as tx:
        await add_leaves(tx, 3)

        assert await leave.of_officer("o1").count(tx) == 3
        assert await leave.of_officer("o2").count(tx) == 0


def test_a_place_is_read_as_it_was_given() -> None:
    one, listed = leave_of(1), leave.of_officer("o1")

    assert listed.read_place(*listed.place_of(one)) == (one.from_on, one.id)


def test_a_place_by_an_instant_is_read_as_it_was_given() -> None:
    assert appeals.of_citizen("c1").read_place(NOW.isoformat(), "a1") == (NOW, "a1")


def test_a_place_by_the_key_alone_is_read_as_it_was_given() -> None:
    listed = centres.register(None, None)

    assert listed.columns[0].name == "code"
    assert listed.read_place(None, "CSC-1") == ("CSC-1",)


@pytest.mark.parametrize("expanding", [True, False])
async def test_statements_that_differ_in_what_they_say_literally_are_told_apart(store: Store, expanding: bool) -> None:
    def said(number: int) -> sa.Select[tuple[int]]:
        literal = sa.bindparam(
            "said", [number] if expanding else number, sa.Integer, expanding=expanding, literal_execute=True
        )
        return sa.select(sa.literal(1)).where(sa.literal(1).in_(literal) if expanding else sa.literal(1) == literal)

    async with store.read_transaction() as tx:
        found = [await fetch_rows(tx, said(number)) for number in (1, 2)]

    assert found == [[(1,)], []]
