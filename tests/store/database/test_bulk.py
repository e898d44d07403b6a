"""Many rows in one statement: in their order, once where that is asked, and only what is named changes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text, tuple_

from domain.payments.files import Group, PaymentMethod
from store.database import Store, audit_lines_table
from store.database.bulk import insert_rows, update_rows
from store.database.sql import rows_of
from store.payments import payment_batches, payment_runs
from store.payments.payment_tables import lines_table
from store.reconciliation.reconciliation import utrs_table
from tests.support.plans import asked, plan_of

AT = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


def line(number: int, **more: Any) -> dict[str, Any]:
    """A row with a text, an instant, JSON that is a list, a boolean and a null."""
    row = {"at": AT, "actor": "a", "action": f"done.{number}", "object_kind": "X", "object_id": None, "purpose": None}
    return {**row, "detail": ["51", number], "line_hash": str(number), "sealed": False, **more}


async def rows(store: Store) -> list[Any]:
    async with store.read_transaction() as tx:
        return list((await tx.connection.execute(select(audit_lines_table).order_by(audit_lines_table.c.id))).all())


async def test_rows_are_inserted_as_they_are_and_in_their_order(store: Store) -> None:
    async with store.write_transaction() as tx:
        await insert_rows(tx, audit_lines_table, [line(number) for number in range(700)])
        await insert_rows(tx, audit_lines_table, [])
    kept = await rows(store)
    assert [row.action for row in kept] == [f"done.{number}" for number in range(700)]
    assert (kept[3].at, kept[3].detail, kept[3].object_id, kept[3].sealed) == (AT, ["51", 3], None, False)


async def test_a_row_whose_unique_value_is_there_is_left_out_where_that_is_asked(store: Store) -> None:
    given = [{"utr_hash": key, "end_to_end_id": one, "first_at": AT} for key, one in (("a", "1"), ("b", "2"))]
    async with store.write_transaction() as tx:
        await insert_rows(tx, utrs_table, given[:1], once=True)
        await insert_rows(tx, utrs_table, [{**given[0], "end_to_end_id": "9"}, given[1]], once=True)
        found = (await tx.connection.execute(select(utrs_table).order_by(utrs_table.c.utr_hash))).all()
    assert [(row.utr_hash, row.end_to_end_id) for row in found] == [("a", "1"), ("b", "2")]


async def test_rows_get_their_new_values_and_keep_what_is_to_be_kept(store: Store) -> None:
    async with store.write_transaction() as tx:
        await insert_rows(tx, audit_lines_table, [line(0, purpose="old"), line(1, purpose="old"), line(2)])
    one, two, three = await rows(store)
    news = [
        {"id": one.id, "action": "new", "purpose": None, "detail": None},
        {"id": two.id, "action": "newer", "purpose": "new", "detail": ["x"]},
    ]
    async with store.write_transaction() as tx:
        await update_rows(tx, audit_lines_table, ("id",), [{**row, "detail": row["detail"] or {}} for row in news],
                          kept=("purpose",))  # fmt: skip
    kept = await rows(store)
    assert [(row.action, row.purpose) for row in kept] == [("new", "old"), ("newer", "new"), ("done.2", None)]
    assert [row.detail for row in kept] == [{}, ["x"], three.detail]


async def test_keys_are_found_also_in_pairs(store: Store) -> None:
    async with store.write_transaction() as tx:
        await insert_rows(tx, audit_lines_table, [line(number) for number in range(4)])
        c = audit_lines_table.c
        in_order = select(c.action).order_by(c.id)
        single = await rows_of(tx, in_order, c.action, ["done.1", "done.3", "no"])
        assert [row.action for row in single] == ["done.1", "done.3"]
        pairs = await rows_of(tx, in_order, tuple_(c.actor, c.action), [("a", "done.2"), ("b", "done.3")])
        assert [row.action for row in pairs] == ["done.2"]


@pytest.mark.parametrize("known", [False, True])
async def test_what_an_answer_names_and_what_is_due_is_found_by_indexes(store: Store, known: bool) -> None:
    """Whether or not the database knows anything of its tables."""
    group = Group("uk-old-age-pension", "UKDD0001", PaymentMethod.ACCOUNT)
    async with store.write_transaction() as tx:
        if tx.dialect == "postgresql":  # it reads an empty table whole, as it should
            await tx.connection.execute(text("SET LOCAL session_replication_role = replica"))  # lines of no batch
            await insert_rows(tx, lines_table, [built(number) for number in range(5_000)])
        if known:
            await tx.connection.execute(text("ANALYZE"))
        with asked(store) as seen:
            due = payment_runs.Due("i", "e", 1, 1, "b", "a")
            await payment_runs.due(tx, group, AT.date(), after=("b", 1), limit=10)
            await payment_runs.still_due(tx, group, AT.date(), [due])
            await payment_batches.lines_known_by(tx, ["e"])
        plans = [await plan_of(tx, statement) for statement in seen]
    living, released = plans[-2:]
    assert "uq_payment_lines_living_end_to_end_id" in living
    assert (
        "ix_payment_lines_" in released
    )  # that of the released ones, or where it knows that there are none, of states
    assert not [plan for plan in plans if "SCAN payment_lines" in plan or "Seq Scan on payment_lines" in plan]


def built(number: int) -> dict[str, Any]:
    """A line that lies in a batch."""
    ids = {name: f"{name}{number}" for name in ("instalment_id", "end_to_end_id", "beneficiary_id", "account_id")}
    return {**ids, "batch_id": "x", "position": number, "amount_paise": 1, "state": "BUILT", "state_at": AT}
