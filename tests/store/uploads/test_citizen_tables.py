"""Uploads, messages, old numbers, due instalments and batches of warnings, on both databases."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from domain.clearances import Escalation, EscalationKind
from domain.feedback.notices import Notice, NoticeKind, Topic
from domain.identity.aliases import AliasKind
from domain.uploads.files import MediaType, UploadedFile
from store import clearances
from store.benefits import benefit_rounds, benefits
from store.database import AlreadyThere, Store, Transaction
from store.feedback import notices
from store.identity import aliases
from store.uploads import uploads
from store.uploads.uploads import Use, upload_uses_table
from tests.store.builders import application, instalment, sanction, sow
from tests.support.databases import NOW

DAY = timedelta(days=1)


def upload(key: str = "u1", **changes) -> UploadedFile:
    plain = UploadedFile(key, "CITIZEN:c1", "c1", "c1", "a" * 64, MediaType.PDF, 10, NOW)
    return replace(plain, **changes)


def notice(key: str, **changes) -> Notice:
    plain = Notice(
        key, "c1", NoticeKind.REJECTED, Topic.APPLICATION, "a1", "a1", f"REJECTED:a1:{key}", NOW, None, {"number": "1"}
    )
    return replace(plain, **changes)


async def people(tx: Transaction) -> None:
    await sow(tx, application("a1"), application("a2"), citizens=("c1", "c2"))


async def test_an_upload_is_found_once_it_is_whole_and_swept_unless_it_is_used(store: Store):
    async with store.write_transaction() as tx:
        await people(tx)
        for one in (upload("u1"), upload("u2", sha256="b" * 64), upload("u3", sha256="c" * 64, created_at=NOW + DAY)):
            await uploads.begin(tx, one)
        assert await uploads.of_content(tx, "a" * 64) == []
        assert [await uploads.finish(tx, key) for key in ("u1", "u3", "u1")] == [True, True, False]
        assert await uploads.of_content(tx, "a" * 64) == [upload()]
        assert await uploads.count_unused(tx, "CITIZEN:c1") == 3
        await uploads.use(tx, upload(), Use("APPLICATION", "a1", "c1"), copy_id="x")
        await uploads.use(tx, upload(), Use("APPLICATION", "a1", "c1"), copy_id="y")
        rows = (await tx.connection.execute(select(upload_uses_table.c["object_kind", "object_id"]))).all()
        assert rows == [("APPLICATION", "a1")]
        assert await uploads.forget_unused(tx, NOW + DAY, 10) == ["b" * 64]
        assert await uploads.forget_unused(tx, NOW + 2 * DAY, 10) == ["c" * 64]


async def test_a_file_of_two_citizens_has_a_row_for_each(store: Store):
    async with store.write_transaction() as tx:
        await people(tx)
        photo = upload("u1", owner="OFFICER:o1", person_id="o1", citizen_id=None)
        await uploads.begin(tx, photo)
        await uploads.finish(tx, "u1")
        await uploads.use(tx, photo, Use("APPLICATION", "a1", "c1"), copy_id="x")
        await uploads.use(tx, photo, Use("APPLICATION", "a2", "c2"), copy_id="y")
        await uploads.use(tx, photo, Use("VISIT", "v2", "c2"), copy_id="z")
        held = await uploads.of_content(tx, photo.sha256)
    assert {(one.id, one.citizen_id) for one in held} == {("u1", "c1"), ("y", "c2")}


async def test_one_event_tells_once_and_pages_go_both_ways(store: Store):
    async with store.write_transaction() as tx:
        await people(tx)
        assert [await notices.add(tx, notice("n1")), await notices.add(tx, notice("n1", id="n9"))] == [True, False]
        await notices.add(tx, notice("n2", created_at=NOW + DAY))
        await notices.add(tx, notice("n3", created_at=NOW + 2 * DAY))
        place = (NOW + DAY, "n2")
        pages = [
            await notices.of_citizen("c1").page(tx, limit=2),
            await notices.of_citizen("c1").page(tx, place=place, limit=2),
            await notices.of_citizen("c1").page(tx, place=place, backward=True, limit=2),
            await notices.of_citizen("c1").page(tx, backward=True, limit=2),
        ]
        assert [[one.id for one in page] for page in pages] == [["n3", "n2"], ["n1"], ["n3"], ["n2", "n1"]]
        assert await notices.mark_read(tx, "c2", NOW, ids=None) == 0
        assert await notices.mark_read(tx, "c1", NOW, ids=["n1", "n2"]) == 2
        assert await notices.mark_read(tx, "c1", NOW, ids=["n1"]) == 0
        assert [one.id for one in await notices.of_citizen("c1", unread_only=True).page(tx, limit=5)] == ["n3"]
        assert (await notices.by_ids(tx, ["n1"]))["n1"] == notice("n1", read_at=NOW)


async def test_an_old_number_names_one_thing_of_a_kind(store: Store):
    async with store.write_transaction() as tx:
        await aliases.add_many(tx, AliasKind.APPLICATION, {"UK1/1": "a1"})
        await aliases.add_many(tx, AliasKind.CERTIFICATE, {"UK1/1": "k1"})
        assert await aliases.find_object_id(tx, "UK1/1", AliasKind.APPLICATION) == "a1"
        assert await aliases.find_object_id(tx, "UK1/2", AliasKind.APPLICATION) is None
    with pytest.raises(AlreadyThere):
        async with store.write_transaction() as tx:
            await aliases.add_many(tx, AliasKind.APPLICATION, {"UK1/1": "a2"})


async def test_sanctions_are_due_by_their_next_day_until_they_end(store: Store):
    today = date(2026, 12, 1)
    async with store.write_transaction() as tx:
        await people(tx)
        for key in ("s1", "s2", "s3"):
            await benefits.add_sanction(tx, sanction(key, number=f"4{key}", period="monthly"))
        await benefits.add_instalments(tx, [instalment("i1", "s1")])
        assert [one.id for one in await benefit_rounds.unscheduled_sanctions(tx, ["monthly"], 5)] == ["s1"]
        for key, day in (("s1", today), ("s2", today - DAY), ("s3", today + DAY)):
            await benefits.set_next_due(tx, key, day)
        assert [one.id for one in await benefit_rounds.due_sanctions(tx, today, 5)] == ["s2", "s1"]
        assert await benefits.end_sanction(tx, "s2", today - 2 * DAY)
        assert not await benefits.end_sanction(tx, "s2", today + DAY)
        assert [one.id for one in await benefit_rounds.due_sanctions(tx, today, 5)] == ["s1"]
        twin = instalment("i2", "s1", 2, bill_number="B2", end_to_end_id="E2", period_from=instalment().period_from)
        with pytest.raises(AlreadyThere):  # another sequence, the same first day
            await benefits.add_instalments(tx, [twin])


async def test_a_batch_of_warnings_keeps_what_is_new(store: Store):
    def warning(key: str, application_id: str) -> Escalation:
        return Escalation(key, "c1", application_id, EscalationKind.OVERDUE, "o1", None, NOW, NOW)

    async with store.write_transaction() as tx:
        await people(tx)
        assert await clearances.warn_many(tx, []) == set()
        assert await clearances.warn_many(tx, [warning("w1", "a1")]) == {"a1"}
        assert await clearances.warn_many(tx, [warning("w2", "a1"), warning("w3", "a2")]) == {"a2"}
        assert not await clearances.warn(tx, warning("w4", "a2"))
