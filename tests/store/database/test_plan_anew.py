"""SQLite plans by a sample of its tables, once the worker had one taken; PostgreSQL takes its own."""

from sqlalchemy import text

from store.database import FieldCipher, Keyrings, Store
from tests.store.builders import application, sow
from tests.support.plans import plan_of

LATE = (
    "SELECT id FROM applications WHERE id IN (SELECT application_id FROM escalations WHERE kind = ?)"
    " AND department = ? AND district = ?"
)


async def many(store: Store) -> None:
    """Four hundred applications of one district, and an escalation of one of them."""
    async with store.write_transaction() as tx:
        await sow(tx, *(application(f"a{one}") for one in range(400)))
        columns = "id, citizen_id, application_id, kind, due_at, at"
        values = "'e1', 'c1', 'a7', 'TIME_DOUBTED', '2026-11-24', '2026-11-24'"
        await tx.connection.execute(text(f"INSERT INTO escalations ({columns}) VALUES ({values})"))


async def test_the_next_process_reads_few_escalations_before_all_applications_of_a_district(
    sqlite_store: Store, store_keyrings: Keyrings
):
    await many(sqlite_store)
    asked = (LATE, ("TIME_DOUBTED", "revenue-department", "57"))

    async with sqlite_store.read_transaction() as tx:
        before = await plan_of(tx, asked)
    await sqlite_store.plan_anew()
    started = await Store.open(sqlite_store.url, cipher=FieldCipher(store_keyrings), clock=sqlite_store.clock)
    async with started.read_transaction() as tx:
        after = await plan_of(tx, asked)
    await started.close()

    assert "ix_applications_district_status_due_at (district=?)" in before
    assert "sqlite_autoindex_applications_1 (id=?)" in after


async def test_a_store_is_planned_anew_as_often_as_one_likes(store: Store):
    for _ in range(2):
        await store.plan_anew()

    async with store.read_transaction() as tx:
        assert (await tx.connection.execute(text("SELECT count(*) FROM applications"))).scalar_one() == 0
