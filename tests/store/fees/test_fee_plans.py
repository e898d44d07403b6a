"""What no scroll told of is found by a small index, however many fees were paid; on both databases."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, text

from domain.applications.lifecycle import Status
from domain.fees.fees import FeeRoute, FeeState
from store.applications.application_rows import APPLICATIONS, applications_table
from store.database import Store
from store.fees import fee_orders
from store.fees.fee_orders import orders_table
from store.identity import people
from tests.store.builders import NOW, application, citizen
from tests.support.plans import asked, plan_of

MANY = 3000
"""Orders; three of four were paid, within the last three months, and every 600th is in no scroll."""

DAY = timedelta(days=1)


def row_of(number: int) -> dict[str, object]:
    paid = number % 4 != 3
    paid_at = NOW - timedelta(hours=number % 2000 + 1)
    return {
        "id": f"o{number:05d}",
        "number": f"4{number:013d}",
        "reference": f"UKAS4{number:013d}",
        "application_id": f"case-{number}",
        "citizen_id": "c1",
        "service_code": "ES09",
        "department": "revenue-department",
        "district": "49",
        "route": (FeeRoute.CSC_WALLET if number % 2 else FeeRoute.TREASURY).value,
        "state": (FeeState.SUCCESS if paid else FeeState.EXPIRED).value,
        "fee_paise": 4000,
        "charge_paise": 0,
        "head": "007060800010000",
        "created_at": paid_at - DAY,
        "grn": f"UKGRN{number:010d}" if paid else None,
        "paid_at": paid_at if paid else None,
        "scrolled_on": date(2026, 11, 1) if paid and number % 600 else None,
        "version": 1,
        "updated_at": NOW,
    }


@pytest.fixture
async def full(store: Store) -> Store:
    """A store with the fees of months, and what the database knows about its rows."""
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        cases = [
            application(f"case-{number}", number=f"n{number}", acknowledgement=f"a{number}", status=Status.DELIVERED)
            for number in range(MANY)
        ]
        await tx.connection.execute(insert(applications_table), [APPLICATIONS.values(tx, case) for case in cases])
        await tx.connection.execute(insert(orders_table), [row_of(number) for number in range(MANY)])
    async with store.write_transaction() as tx:
        await tx.connection.execute(text("ANALYZE"))
    return store


async def test_what_no_scroll_told_of_is_found_by_an_index_of_nothing_else(full: Store) -> None:
    with asked(full) as seen:
        async with full.read_transaction() as tx:
            found = await fee_orders.unscrolled_orders(
                tx, FeeRoute.TREASURY, paid_since=NOW - 60 * DAY, paid_before=NOW - timedelta(hours=1)
            )
    # Paid 1801, 1201, 601, 401 and 1 hours ago: the first is too old, the last too young.
    assert [one.id for one in found] == ["o01200", "o00600", "o02400"]
    async with full.read_transaction() as tx:
        plan = await plan_of(tx, seen[-1])
    assert "ix_fee_orders_unscrolled" in plan, plan
    assert "Seq Scan" not in plan
    assert "TEMP B-TREE" not in plan
