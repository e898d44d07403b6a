"""Files in pieces, and files that are refused: what is kept, what is sealed, what is forgotten."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from actions.applications.submit import NewDocument
from actions.catalogue.submit_checks import DocumentSource
from actions.kernel.scanner import EICAR, ScannerAway
from actions.privacy.personal_data import erase_person, export_part
from actions.uploads.partial_uploads import Announced, add_piece, begin_upload, finish_upload, own_partial
from actions.uploads.uploads import sweep_partial, sweep_quarantine, take_in
from domain.kernel import ANONYMOUS, ErrorCode, NotSignedIn, Problems
from store.database import audit
from store.uploads import partial_uploads, quarantine
from store.uploads.quarantine import MOST_OF_ONE
from tests.support.actions import INCOME, World
from tests.support.files import JPEG, PNG, pdf
from tests.support.papers import INCOME_PAPERS
from tests.support.pictures import SECRET, camera_jpeg
from tests.support.stored import audit_lines_of
from tests.support.worlds import wrong

FILE = pdf("a paper in pieces")
INFECTED = pdf(EICAR.decode())


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def refusal(call) -> ErrorCode:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.code


async def begin(world: World, subject=None, content: bytes = FILE, **said):
    return await begin_upload(world.env, subject or world.asha, Announced(len(content), **said))


async def test_pieces_become_the_file_and_lie_sealed_until_then(world):
    partial = await begin(world, expected=sha256(FILE))
    partial = await add_piece(world.env, partial, FILE[:10])
    partial = await own_partial(world.env, world.asha, partial.id)
    assert (partial.received, partial.is_whole) == (10, False)
    async with world.env.store.read_transaction() as tx:
        (raw,) = (await tx.connection.exec_driver_sql("SELECT content FROM partial_upload_pieces")).scalars()
        assert FILE[:10] not in bytes(raw)
        assert await partial_uploads.content_of(tx, partial.id) == FILE[:10]
    partial = await add_piece(world.env, partial, FILE[10:])
    kept = await finish_upload(world.env, world.asha, partial)
    assert await world.env.objects.get(kept.reference) == FILE
    again = await own_partial(world.env, world.asha, partial.id)
    assert (await finish_upload(world.env, world.asha, again)).id == kept.id
    async with world.env.store.read_transaction() as tx:
        assert await partial_uploads.content_of(tx, partial.id) == b""
    assert await wrong(world.env) == []


async def test_a_second_request_with_the_same_piece_adds_nothing(world):
    partial = await begin(world)
    await add_piece(world.env, partial, FILE[:10])
    assert await refusal(add_piece(world.env, partial, FILE[:10])) is ErrorCode.CONFLICT
    now = await own_partial(world.env, world.asha, partial.id)
    assert now.received == 10
    assert await refusal(add_piece(world.env, now, FILE)) is ErrorCode.FILE_TOO_LARGE


async def test_nobody_else_goes_on_with_it(world):
    partial = await begin(world)
    for stranger in (world.sunil, world.registrar, world.operator):
        assert await own_partial(world.env, stranger, partial.id) is None
    assert await own_partial(world.env, world.asha, "no such") is None
    with pytest.raises(NotSignedIn):
        await begin(world, ANONYMOUS)


@pytest.mark.parametrize(
    ("length", "said", "code"),
    [
        (0, {}, ErrorCode.BAD_INPUT),
        (3 * 1024 * 1024, {}, ErrorCode.FILE_TOO_LARGE),
        (10, {"expected": "abc"}, ErrorCode.BAD_INPUT),
        (10, {"document_key": "../x"}, ErrorCode.BAD_INPUT),
        (10, {"claimed": "no type"}, ErrorCode.BAD_INPUT),
    ],
)
async def test_what_is_announced_wrongly_is_refused(world, length, said, code):
    assert await refusal(begin_upload(world.env, world.asha, Announced(length, **said))) is code


async def test_only_so_many_are_on_their_way_at_once(world):
    for _ in range(world.env.rules.files.partial_per_person):
        await begin(world)
    assert await refusal(begin(world)) is ErrorCode.RATE_LIMITED
    await begin(world, world.sunil)


async def test_a_whole_that_is_not_what_was_announced_is_refused_and_forgotten(world):
    partial = await begin(world, expected=sha256(b"another"))
    partial = await add_piece(world.env, partial, FILE)
    assert await refusal(finish_upload(world.env, world.asha, partial)) is ErrorCode.FILE_DAMAGED
    assert await own_partial(world.env, world.asha, partial.id) is None


async def test_files_that_stopped_on_their_way_are_forgotten_after_their_hours(world):
    partial = await begin(world)
    await add_piece(world.env, partial, FILE[:10])
    world.clock.advance(timedelta(hours=world.env.rules.files.partial_hours))
    assert await sweep_partial(world.env) == 0
    world.clock.advance(timedelta(seconds=1))
    assert await sweep_partial(world.env) == 1
    assert await own_partial(world.env, world.asha, partial.id) is None


async def test_an_infected_file_goes_into_quarantine_sealed_and_nowhere_else(world):
    assert await refusal(take_in(world.env, world.asha, INFECTED)) is ErrorCode.FILE_INFECTED
    assert not await world.env.objects.exists(sha256(INFECTED))
    async with world.env.store.read_transaction() as tx:
        (held,) = await quarantine.newest(tx, 10)
        assert (held.owner, held.digest, held.found) == (world.asha.label, sha256(INFECTED), "Eicar-Test-Signature")
        (raw,) = (await tx.connection.exec_driver_sql("SELECT infected FROM quarantined_files")).scalars()
        assert EICAR not in bytes(raw)
        assert await quarantine.content(tx, held.id) == INFECTED
        (line,) = await audit_lines_of(tx, "UPLOAD", held.id)
    assert line.action == "upload.quarantined"
    assert await wrong(world.env) == []
    world.clock.advance(timedelta(days=world.env.rules.files.quarantine_days, seconds=1))
    assert await sweep_quarantine(world.env) == 1


async def test_who_sends_infected_files_again_and_again_fills_no_store_with_them(world):
    for number in range(MOST_OF_ONE + 3):
        for _ in range(2):
            other = pdf(f"{EICAR.decode()} {number}")
            assert await refusal(take_in(world.env, world.asha, other)) is ErrorCode.FILE_INFECTED
    assert await refusal(take_in(world.env, world.sunil, INFECTED)) is ErrorCode.FILE_INFECTED
    async with world.env.store.read_transaction() as tx:
        held = await quarantine.newest(tx, 100)
        lines = select(func.count()).where(audit.audit_lines_table.c.action == "upload.quarantined")
        told = (await tx.connection.execute(lines)).scalar_one()
    assert [one.owner for one in held].count(world.asha.label) == MOST_OF_ONE
    assert len({one.digest for one in held}) == MOST_OF_ONE + 1
    assert told == 2 * (MOST_OF_ONE + 3) + 1


async def test_what_hides_behind_a_pictures_end_is_found_too(world):
    assert await refusal(take_in(world.env, world.asha, JPEG + EICAR)) is ErrorCode.FILE_INFECTED


async def test_without_an_answer_of_the_scanner_nothing_is_taken_and_it_can_be_finished_later(world):
    class Away:
        async def scan(self, content: bytes) -> str | None:
            raise ScannerAway(reason="TimeoutError")

    away = replace(world.env, partners=replace(world.env.partners, scanner=Away()))
    partial = await add_piece(world.env, await begin(world), FILE)
    with pytest.raises(ScannerAway):
        await finish_upload(away, world.asha, partial)
    assert not await world.env.objects.exists(sha256(FILE))
    assert (await finish_upload(world.env, world.asha, partial)).reference == sha256(FILE)


async def test_a_picture_is_kept_without_what_it_tells_of_the_person(world):
    kept = await take_in(world.env, world.asha, camera_jpeg(), "image/jpeg", expected=sha256(camera_jpeg()))
    content = await world.env.objects.get(kept.reference)
    assert SECRET not in content
    assert kept.reference == sha256(content)
    assert kept.size == len(content)


async def test_a_document_whose_issuer_vouches_for_its_bytes_keeps_them(world):
    kept = await take_in(world.env, world.asha, camera_jpeg(), "image/jpeg", as_sent=True)
    assert await world.env.objects.get(kept.reference) == camera_jpeg()


async def test_each_kind_of_paper_has_its_own_size(world):
    photo, *others = INCOME_PAPERS
    env = replace(
        world.env,
        rules=replace(
            world.env.rules, files=replace(world.env.rules.files, largest_by_document={photo: len(FILE) - 1})
        ),
    )
    assert await refusal(take_in(env, world.asha, FILE, document_key=photo)) is ErrorCode.FILE_TOO_LARGE
    assert await refusal(begin_upload(env, world.asha, Announced(len(FILE), document_key=photo))) is (
        ErrorCode.FILE_TOO_LARGE
    )
    kept = await take_in(env, world.asha, FILE, document_key=others[0])  # and now as the photo
    papers = tuple(NewDocument(key, kept.reference, DocumentSource.UPLOAD.value) for key in INCOME_PAPERS)
    with pytest.raises(Problems) as refused:
        await replace(world, env=env).submit(world.asha, INCOME, documents=papers)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == (ErrorCode.FILE_TOO_LARGE, ("input", "documents", "0"))


async def test_erasing_a_person_takes_what_was_on_its_way_and_what_lay_apart(world):
    await add_piece(world.env, await begin(world), FILE[:10])
    assert await refusal(take_in(world.env, world.asha, INFECTED)) is ErrorCode.FILE_INFECTED
    await erase_person(world.env, world.asha, world.asha.person_id)
    async with world.env.store.read_transaction() as tx:
        for table in ("partial_uploads", "partial_upload_pieces", "quarantined_files"):
            assert (await tx.connection.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar_one() == 0


async def test_she_reads_which_pieces_of_hers_lie_here_and_nobody_else_s(world):
    partial = await add_piece(world.env, await begin(world), FILE[:10])
    [piece] = (await export_part(world.env, world.asha, world.asha.person_id, "partial_upload_pieces")).rows
    assert (piece["partial_id"], piece["start"], piece["size"]) == (partial.id, 0, 10)
    assert "content" not in piece
    assert (await export_part(world.env, world.sunil, world.sunil.person_id, "partial_upload_pieces")).rows == ()


async def test_a_png_is_taken_by_its_pieces_too(world):
    partial = await begin(world, content=PNG, claimed="image/png", document_key=INCOME_PAPERS[0])
    partial = await add_piece(world.env, partial, PNG)
    assert (await finish_upload(world.env, world.asha, partial)).media_type.value == "image/png"
