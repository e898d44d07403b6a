"""A file for PFMS, or from it, is found by its name along an index, on both databases."""

from datetime import timedelta

from sqlalchemy import insert, text

from domain.payments.files import FileState
from store.database import Store
from store.payments import payment_files
from store.payments.payment_tables import files_table
from tests.store.builders import NOW
from tests.support.plans import asked, plan_of

MANY = 3_000
KINDS = ("payment-request", "payment-ack", "bank-status", "daily-statement")


async def test_a_file_is_found_by_its_name_however_many_there_are(store: Store) -> None:
    async with store.write_transaction() as tx:
        await tx.connection.execute(
            insert(files_table),
            [
                {
                    "id": f"f{number:04d}",
                    "direction": "IN" if number % 4 else "OUT",
                    "kind": KINDS[number % 4],
                    "name": f"n{number // 2}.xml",
                    "digest": f"d{number}",
                    "size": 1,
                    "state": (FileState.REFUSED if number % 2 else FileState.APPLIED).value,
                    "rows": 0,
                    "applied": 0,
                    "unknown": 0,
                    "seen_at": NOW - timedelta(minutes=number),
                }
                for number in range(MANY)
            ],
        )
    async with store.write_transaction() as tx:
        await tx.connection.execute(text("ANALYZE"))
    with asked(store) as seen:
        async with store.read_transaction() as tx:
            found = await payment_files.files(tx, name="n700.xml")
            refused = await payment_files.files(tx, name="n700.xml", states=[FileState.REFUSED])
    assert ([one.id for one in found], [one.id for one in refused]) == (["f1400", "f1401"], ["f1401"])
    assert seen
    for statement in seen:
        async with store.read_transaction() as tx:
            plan = await plan_of(tx, statement)
        assert "ix_payment_files_name" in plan, plan
