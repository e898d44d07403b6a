import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.applications.applications import Decision, RejectionGround
from domain.applications.lifecycle import Status
from domain.kernel import ManualClock
from store.applications import applications, timeline
from store.applications.application_rows import applications_table
from store.database import AlreadyThere, CannotDecrypt, NotThere, Store, TryAgain, VersionConflict
from store.identity import people
from tests.store.builders import application, citizen, document, entry, sow
from tests.support.databases import NOW

MINUTE = timedelta(minutes=1)
REFUSED = Decision(False, RejectionGround.FACTS_NOT_CONFIRMED, "पता सही नहीं मिला", "o1", NOW)


async def test_an_application_comes_back_as_it_was_kept(store: Store) -> None:
    bare = application(
        "a2", department=None, tehsil=None, limit=None, due_at=None, fee_paise=None, clock_started_at=None, form={}
    )
    full = application(acknowledgement="5", decision=REFUSED, paused_since=NOW, delivered_at=NOW, officer_id="o1")
    async with store.write_transaction() as tx:
        await sow(tx, full, bare)
    async with store.read_transaction() as tx:
        assert await applications.get(tx, "a1") == full
        assert await applications.by_number(tx, "n-a2") == bare
        assert await applications.by_ids(tx, ["a1", "a2", "a3"]) == {"a1": full, "a2": bare}
        assert await applications.get(tx, "a3") is None
        assert await applications.by_number(tx, "n-a3") is None


async def test_numbers_are_given_once(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx, application("a1"))
        with pytest.raises(AlreadyThere):
            await applications.add(tx, application("a2", number="n-a1"))
        await applications.add(tx, application("a2"))


async def test_saving_raises_the_version_and_tells_the_loser_what_is_there(
    store: Store, store_clock: ManualClock
) -> None:
    async with store.write_transaction() as tx:
        await sow(tx, application())
    store_clock.advance(MINUTE)
    async with store.write_transaction() as tx:
        saved = await applications.save(tx, application(status=Status.APPROVED, number="other"), 1)
        assert (saved.version, saved.updated_at) == (2, NOW + MINUTE)
        with pytest.raises(VersionConflict) as caught:
            await applications.save(tx, application(status=Status.REJECTED), 1)
        assert (caught.value.present_version, caught.value.present_status) == (2, "APPROVED")
        with pytest.raises(NotThere):
            await applications.save(tx, application("a9"), 1)
    async with store.read_transaction() as tx:
        assert await applications.get(tx, "a1") == saved


async def test_of_two_officers_at_once_one_wins(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx, application())

    async def decide(status: Status) -> None:
        async with store.write_transaction() as tx:
            read = await applications.get(tx, "a1")
            assert read is not None
            await asyncio.sleep(0)
            await applications.save(tx, replace(application(), status=status), 1)

    outcomes = await asyncio.gather(decide(Status.APPROVED), decide(Status.REJECTED), return_exceptions=True)
    conflicts = [outcome for outcome in outcomes if isinstance(outcome, VersionConflict)]
    assert len(conflicts) == 1
    assert conflicts[0].present_version == 2


async def test_pages_of_a_citizen_are_stable_while_applications_come_in(store: Store) -> None:
    async with store.write_transaction() as tx:
        rows = [application(f"a{n}", created_at=NOW + n // 2 * MINUTE) for n in range(6)]
        await sow(tx, *rows, application("b1", "c2"), citizens=("c1", "c2"))

    async def page(**place: object) -> list[str]:
        async with store.read_transaction() as tx:
            return [one.id for one in await applications.page_of_citizen(tx, "c1", **{"limit": 3} | place)]

    assert await page() == ["a5", "a4", "a3"]
    async with store.write_transaction() as tx:
        await applications.add(tx, application("a9", created_at=NOW + 9 * MINUTE))
    assert await page(after=(NOW + MINUTE, "a3")) == ["a2", "a1", "a0"]
    assert await page(before=(NOW, "a1")) == ["a4", "a3", "a2"]
    assert await page(before=(NOW + MINUTE, "a3"), after=(NOW + 9 * MINUTE, "a9")) == ["a5", "a4"]
    assert await page(newest_first=False) == ["a0", "a1", "a2"]
    assert await page(newest_first=False, after=(NOW, "a1")) == ["a2", "a3", "a4"]


async def test_a_citizens_list_is_filtered_and_counted_by_status(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx, application("a1"), application("a2", status=Status.DELIVERED))
    async with store.read_transaction() as tx:
        delivered = {Status.DELIVERED}
        assert [one.id for one in await applications.page_of_citizen(tx, "c1", statuses=delivered, limit=9)] == ["a2"]
        assert await applications.page_of_citizen(tx, "c1", statuses=set(), limit=9) == []
        assert await applications.count_of_citizen(tx, "c1") == 2
        assert await applications.count_of_citizen(tx, "c1", delivered) == 1
        assert await applications.count_of_citizen(tx, "c9") == 0


async def test_open_applications_for_the_same_service_are_found(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(
            tx,
            application("a1", status=Status.DELIVERED),
            application("a2", status=Status.DRAFT),
            application("a3", service_code="ES10"),
        )
        assert await applications.of_service(tx, "c1", "ES09") == []
        await applications.add(tx, application("a4", status=Status.QUERY_RAISED))
        assert [found.id for found in await applications.of_service(tx, "c1", "ES09")] == ["a4"]


async def test_two_submissions_at_once_cannot_both_find_nothing(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx)

    async def submit(key: str) -> bool:
        async with store.write_transaction() as tx:
            if await applications.of_service(tx, "c1", "ES09"):
                return False
            await asyncio.sleep(0)
            await applications.add(tx, application(key))
            return True

    assert sorted(await asyncio.gather(*(submit(f"a{n}") for n in range(5)))) == [False] * 4 + [True]


async def test_timelines_come_in_their_order_for_many_applications(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx, application("a1"), application("a2"), application("a3"))
        for one in (entry("t2", "a1", 2, "कृपया प्रतीक्षा करें"), entry("t1", "a1", 1), entry("t3", "a2", 1)):
            await timeline.add_entry(tx, one, "c1")
        with pytest.raises(AlreadyThere):
            await timeline.add_entry(tx, entry("t9", "a1", 2), "c1")
    async with store.read_transaction() as tx:
        found = await timeline.timelines(tx, ["a1", "a2", "a3"])
    assert found == {
        "a1": [entry("t1", "a1", 1), entry("t2", "a1", 2, "कृपया प्रतीक्षा करें")],
        "a2": [entry("t3", "a2", 1)],
    }


async def test_papers_come_oldest_first_for_many_applications(store: Store) -> None:
    papers = [document("p2", NOW + MINUTE), document("p1")]
    async with store.write_transaction() as tx:
        await sow(tx, application("a1"), application("a2"))
        await timeline.add_documents(tx, "a1", papers)
        await timeline.add_documents(tx, "a2", [])
        with pytest.raises(NotThere):
            await timeline.add_documents(tx, "a9", papers)
    async with store.read_transaction() as tx:
        assert await timeline.documents(tx, ["a1", "a2"]) == {"a1": [papers[1], papers[0]]}


async def test_a_paper_is_seen_at_its_source_once(store: Store) -> None:
    seen = replace(document("p1"), verified_at=NOW)
    async with store.write_transaction() as tx:
        await sow(tx, application("a1"))
        await timeline.add_documents(tx, "a1", [seen, document("p2")])
        assert await timeline.mark_document_verified(tx, "p2", NOW + MINUTE)
        assert not await timeline.mark_document_verified(tx, "p2", NOW)
        assert not await timeline.mark_document_verified(tx, "p9", NOW)
    async with store.read_transaction() as tx:
        found = (await timeline.documents(tx, ["a1"]))["a1"]
    assert found == [seen, replace(document("p2"), verified_at=NOW + MINUTE)]


async def test_a_row_that_was_moved_does_not_open(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx, application("a1"), application("a2"))
        forms = {row.id: row.form for row in (await tx.connection.execute(applications_table.select())).all()}
        swapped = applications_table.update().where(applications_table.c.id == "a1").values(form=forms["a2"])
        await tx.connection.execute(swapped)
        with pytest.raises(CannotDecrypt):
            await applications.get(tx, "a1")


@pytest.mark.integration
async def test_a_lock_that_is_not_given_up_may_be_tried_again(postgres_store: Store) -> None:
    async with postgres_store.write_transaction() as tx:
        await sow(tx, application())

    async def save_slowly(ready: asyncio.Event, done: asyncio.Event) -> None:
        async with postgres_store.write_transaction() as tx:
            await applications.save(tx, application(), 1)
            ready.set()
            await done.wait()

    async def save_impatiently() -> None:
        async with postgres_store.write_transaction() as tx:
            await tx.connection.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
            await applications.save(tx, application(), 1)

    ready, done = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(save_slowly(ready, done))
        await ready.wait()
        with pytest.raises(TryAgain):
            await save_impatiently()
        done.set()


async def test_many_are_found_by_number_or_acknowledgement(store: Store) -> None:
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        for key in ("a1", "a2", "a3"):
            await applications.add(tx, application(key, acknowledgement=f"k-{key}" if key != "a3" else None))
        found = await applications.by_numbers(tx, ["n-a1", "n-a2", "none"])
        assert {number: one.id for number, one in found.items()} == {"n-a1": "a1", "n-a2": "a2"}
        found = await applications.by_acknowledgements(tx, ["k-a2", "k-a3"])
        assert {number: one.id for number, one in found.items()} == {"k-a2": "a2"}
