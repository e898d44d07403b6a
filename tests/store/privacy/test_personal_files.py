"""Whether anything names a file still: told by indices, for what was handed in and for what was issued."""

import re

import pytest

from domain.uploads.files import MediaType, UploadedFile
from store.applications import applications
from store.certificates import certificates
from store.database import Store
from store.identity import people
from store.privacy.personal_files import still_named
from store.uploads import uploads
from store.uploads.uploads import Use
from tests.store.builders import application, certificate, citizen
from tests.support.databases import NOW
from tests.support.plans import asked, plan_of

PHOTO = "5" * 64


@pytest.fixture
async def peopled(store: Store) -> Store:
    async with store.write_transaction() as tx:
        for key in ("c1", "c2"):
            await people.add_citizen(tx, citizen(key))
        await applications.add(tx, application("a1"))
    return store


async def test_it_is_told_by_indices_however_many_rows_there_are(store: Store) -> None:
    with asked(store) as seen:
        async with store.read_transaction() as tx:
            assert not await still_named(tx, PHOTO)
    async with store.read_transaction() as tx:
        if tx.dialect != "sqlite":
            await tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # no row, no reason for an index
        plans = [await plan_of(tx, (statement, given)) for statement, given in dict(seen).items()]
    assert len(plans) == 5
    assert [plan for plan in plans if re.search(r"\bSCAN |Seq Scan", plan)] == []


async def test_the_paper_of_a_certificate_is_named_also_where_somebody_handed_it_in_and_it_was_swept(
    peopled: Store,
) -> None:
    issued = certificate(pdf_sha256="7" * 64)
    async with peopled.write_transaction() as tx:
        await certificates.add(tx, issued)
    async with peopled.read_transaction() as tx:
        assert await still_named(tx, issued.pdf_sha256)
        assert not await still_named(tx, "8" * 64)


async def test_a_photograph_of_two_citizens_cases_is_named_until_neither_has_it(peopled: Store) -> None:
    """The officer's upload is noted a second time for the second citizen; by these rows the file is known."""
    photo = UploadedFile("u1", "OFFICER:o1", "o1", None, PHOTO, MediaType.JPEG, 100, NOW)
    async with peopled.write_transaction() as tx:
        await uploads.begin(tx, photo)
        assert await still_named(tx, PHOTO)  # on its way
        await uploads.finish(tx, photo.id)
        for number, key in enumerate(("c1", "c2")):
            await uploads.use(tx, photo, Use("APPLICATION", f"a{number}", key), copy_id="u2")
    for key, left in (("c1", True), ("c2", False)):
        async with peopled.write_transaction() as tx:
            for table in (uploads.upload_uses_table, uploads.uploads_table):
                await tx.connection.execute(table.delete().where(table.c.citizen_id == key))
            assert await still_named(tx, PHOTO) is left
