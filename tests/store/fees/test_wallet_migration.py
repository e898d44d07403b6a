"""The upgrade that has wallet orders which ended unpaid asked about once more; on both databases."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from domain.fees.fees import FeeRoute, FeeState
from domain.kernel import ManualClock
from store.applications.application_rows import APPLICATIONS, applications_table
from store.database import FieldCipher, Store, migrate
from store.database.migration_runner import downgrade
from store.fees import fee_orders
from store.fees.fee_orders import orders_table
from store.identity import people
from tests.store.builders import NOW, application, citizen

SETTLED = NOW - timedelta(days=30)
ROWS = {
    "replaced": (FeeRoute.CSC_WALLET, FeeState.EXPIRED),
    "failed": (FeeRoute.CSC_WALLET, FeeState.FAILED),
    "treasury": (FeeRoute.TREASURY, FeeState.EXPIRED),
    "refunded": (FeeRoute.CSC_WALLET, FeeState.REFUNDED),
}


def row_of(name: str, route: FeeRoute, state: FeeState) -> dict[str, Any]:
    return {
        "id": name,
        "number": name,
        "reference": name,
        "application_id": "case",
        "citizen_id": "c1",
        "service_code": "ES09",
        "district": "49",
        "route": route.value,
        "state": state.value,
        "fee_paise": 4000,
        "charge_paise": 0,
        "head": "007060800010000",
        "created_at": SETTLED,
        "settled_at": SETTLED,
        "version": 1,
        "updated_at": SETTLED,
    }


async def test_what_ended_unpaid_before_the_upgrade_is_asked_about_after_it(
    empty_url: str, store_cipher: FieldCipher, store_clock: ManualClock
) -> None:
    await migrate(empty_url)
    store = await Store.open(empty_url, cipher=store_cipher, clock=store_clock)
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        await tx.connection.execute(insert(applications_table), [APPLICATIONS.values(tx, application("case"))])
        rows = [row_of(name, *kind) for name, kind in ROWS.items()]
        await tx.connection.execute(insert(orders_table), rows)
    await store.close()
    await downgrade(empty_url, "1001")

    await migrate(empty_url)

    store = await Store.open(empty_url, cipher=store_cipher, clock=store_clock)
    async with store.read_transaction() as tx:
        found = await fee_orders.by_ids(tx, ROWS)
        due: list[datetime | None] = [found[name].due_at for name in ROWS]
        first = {order.id for order in await fee_orders.due(tx, NOW, 10)}
    await store.close()
    assert due == [SETTLED, SETTLED, None, None]
    assert first == {"replaced", "failed"}
