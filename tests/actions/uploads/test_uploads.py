"""Uploads as the verbs see them: whose they are, what names them, and when they go."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.applications.submit import NewDocument
from actions.catalogue.submit_checks import DocumentSource
from actions.documents.file_links import link_to
from actions.kernel import UnitOfWork, of_application
from actions.privacy.personal_data import erase_person
from actions.uploads.uploads import require_upload, sweep_unused, take_in, use
from demo.seed.papers import demo_paper
from domain.kernel import ANONYMOUS, ErrorCode, NotSignedIn, Problems
from domain.officers.desk import ReadPurpose
from domain.uploads.file_types import true_type
from domain.uploads.files import MediaType
from store.identity import accesses
from store.uploads import uploads
from store.uploads.uploads import MOST_COPIES
from tests.support.actions import INCOME, World
from tests.support.files import hand_in, pdf
from tests.support.papers import INCOME_PAPERS
from tests.support.stored import audit_lines_of
from tests.support.worlds import wrong


async def refusal(call) -> ErrorCode:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.code


async def find(world: World, subject, reference: str):
    async with world.env.store.read_transaction() as tx:
        return await require_upload(world.env, tx, subject, reference)


async def with_upload(world: World, reference: str, subject=None):
    papers = tuple(NewDocument(key, reference, DocumentSource.UPLOAD.value) for key in INCOME_PAPERS)
    return await world.submit(subject or world.asha, INCOME, documents=papers)


async def test_the_same_file_by_the_same_person_is_kept_once(world):
    first, again = await hand_in(world.env, world.asha), await hand_in(world.env, world.asha)
    theirs = await hand_in(world.env, world.sunil)
    assert first.id == again.id != theirs.id
    assert first.reference == theirs.reference
    async with world.env.store.read_transaction() as tx:
        (line,) = await audit_lines_of(tx, "UPLOAD", first.id)
    assert (line.action, dict(line.detail)) == (
        "upload.received",
        {"mediaType": "application/pdf", "bytes": first.size},
    )


async def test_anothers_file_looks_like_one_that_is_not_there(world):
    kept = await hand_in(world.env, world.asha)
    assert (await find(world, world.asha, kept.reference)).id == kept.id
    assert (await find(world, world.operator, kept.reference)).id == kept.id  # he serves her
    for stranger, reference in (
        (world.sunil, kept.reference),
        (world.registrar, kept.reference),
        (world.asha, "0" * 64),
    ):
        assert await refusal(find(world, stranger, reference)) is ErrorCode.UPLOAD_UNKNOWN
    assert await refusal(find(world, world.asha, "../../etc/passwd")) is ErrorCode.UPLOAD_UNKNOWN
    with pytest.raises(NotSignedIn):
        await take_in(world.env, ANONYMOUS, pdf("x"))


async def test_what_an_operator_handed_in_for_one_citizen_is_foreign_while_he_serves_another(world):
    hers = await hand_in(world.env, world.operator, "hers")
    his = await hand_in(world.env, replace(world.operator, on_behalf_of=None), "for nobody yet")
    for served in (world.sunil.person_id, None):
        operator = replace(world.operator, on_behalf_of=served)
        assert await refusal(find(world, operator, hers.reference)) is ErrorCode.UPLOAD_UNKNOWN
        assert await link_to(world.env, operator, hers.sha256) is None
        assert (await find(world, operator, his.reference)).id == his.id
    assert (await find(world, world.operator, hers.reference)).id == hers.id


async def test_a_foreign_upload_is_no_paper_of_an_application(world):
    theirs = await hand_in(world.env, world.sunil)
    assert await refusal(with_upload(world, theirs.reference)) is ErrorCode.DOCUMENT_UNKNOWN
    own = await hand_in(world.env, world.asha)
    await with_upload(world, own.reference)
    assert await wrong(world.env) == []


async def test_a_file_that_nothing_names_is_swept_after_its_days_and_one_that_is_named_stays(world):
    loose, named = await hand_in(world.env, world.asha, "loose"), await hand_in(world.env, world.asha, "named")
    await with_upload(world, named.reference)
    world.clock.advance(timedelta(days=world.env.rules.files.unused_days))
    assert await sweep_unused(world.env) == 0
    world.clock.advance(timedelta(seconds=1))
    assert await sweep_unused(world.env) == 1
    assert not await world.env.objects.exists(loose.sha256)
    assert await world.env.objects.exists(named.sha256)
    assert await wrong(world.env) == []


async def test_a_content_that_another_one_names_survives_the_sweep_of_a_twin(world):
    hers = await hand_in(world.env, world.asha)
    await with_upload(world, hers.reference)
    await hand_in(world.env, world.sunil)
    world.clock.advance(timedelta(days=8))
    assert await sweep_unused(world.env) == 1
    assert await world.env.objects.exists(hers.sha256)


async def test_an_upload_that_was_cut_off_is_swept_too_and_never_found(world, monkeypatch):
    async def cut_off(content: bytes, media_type: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(world.env.objects, "put", cut_off)
    with pytest.raises(KeyboardInterrupt):
        await hand_in(world.env, world.asha)
    monkeypatch.undo()
    assert await wrong(world.env) == []
    world.clock.advance(timedelta(days=8))
    assert await sweep_unused(world.env) == 1
    kept = await hand_in(world.env, world.asha)
    assert (await find(world, world.asha, kept.reference)).id == kept.id


async def test_who_may_read_the_case_may_read_its_files_with_a_receipt(world):
    kept = await hand_in(world.env, world.asha)
    assert await link_to(world.env, world.tehsildar, kept.sha256) is None
    await with_upload(world, kept.reference)
    assert await link_to(world.env, world.asha, kept.sha256) is not None
    assert await link_to(world.env, world.tehsildar, kept.sha256) is not None
    for stranger in (world.sunil, world.registrar, world.elsewhere):
        assert await link_to(world.env, stranger, kept.sha256) is None
    async with world.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, world.asha.person_id, 10)
    assert [(receipt.subject, receipt.purpose) for receipt in receipts if receipt.role == "OFFICER"] == [
        (world.tehsildar.label, "DECIDE")
    ]


async def test_a_paper_that_a_whole_school_names_is_found_by_each_of_them_and_by_the_officer(world):
    """One operator hands the same paper in for everybody, and everybody's case names it."""
    paper = await hand_in(world.env, world.operator, "the school's paper")
    first = await with_upload(world, paper.reference, world.operator)
    async with world.env.store.write_transaction() as tx:
        for number in range(MOST_COPIES + 5):
            copy = replace(
                paper, id=f"copy-{number}", person_id=f"p{number}", owner=f"OPERATOR:p{number}", citizen_id=None
            )
            await uploads.begin(tx, replace(copy, created_at=world.clock.now() + timedelta(seconds=number)))
            await uploads.finish(tx, copy.id)
    assert (await find(world, world.asha, paper.reference)).id == paper.id
    assert (await hand_in(world.env, world.operator, "the school's paper")).id == paper.id
    for reader in (world.asha, world.tehsildar):
        link = await link_to(world.env, reader, paper.sha256)
        assert link is not None
        assert f"/files/{paper.sha256}?" in link.url
    assert await link_to(world.env, world.registrar, paper.sha256) is None
    assert first.citizen_id == world.asha.person_id


async def test_an_officers_photograph_is_read_by_the_case_and_goes_with_the_citizen(world):
    photo = await hand_in(world.env, world.registrar, "photo")
    cases = [await world.submit(citizen) for citizen in (world.asha, world.sunil)]
    async with world.env.store.write_transaction() as tx:
        for case in cases:
            await use(UnitOfWork(world.env, tx, world.registrar), photo, of_application(case))
    for citizen in (world.asha, world.sunil):
        assert await link_to(world.env, citizen, photo.sha256, stated=ReadPurpose.SUPERVISE) is not None
        # She may read it, but it is not hers to hand in.
        assert await refusal(find(world, citizen, photo.sha256)) is ErrorCode.UPLOAD_UNKNOWN
    assert await wrong(world.env) == []


async def test_erasing_a_person_takes_her_files_and_nobody_elses(world):
    hers, shared = await hand_in(world.env, world.asha, "hers"), await hand_in(world.env, world.asha, "shared")
    await hand_in(world.env, world.sunil, "shared")
    await erase_person(world.env, world.asha, world.asha.person_id)
    assert not await world.env.objects.exists(hers.sha256)
    assert await world.env.objects.exists(shared.sha256)
    assert (await find(world, world.sunil, shared.sha256)).owner == world.sunil.label
    assert await refusal(find(world, world.asha, shared.sha256)) is ErrorCode.UPLOAD_UNKNOWN


def test_the_papers_of_the_demo_are_true_pdf_files():
    assert true_type(demo_paper("asha-negi"), None) is MediaType.PDF
