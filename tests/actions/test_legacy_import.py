"""Old applications are taken over whole or left out by name, once, and nothing else happens because of it."""

import hashlib
import json
import shutil
import tarfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from actions import issuer_search, legacy_batch, legacy_files, legacy_import
from actions.aliases import certificate_by_any
from actions.catalogue_import import import_catalogue
from actions.decide import Decide, Verdict, decide_application
from actions.environment import Environment
from actions.figure_upkeep import rebuild
from actions.issuer import CertificateIssuer
from actions.legacy_batch import MovedOn
from actions.legacy_clocks import start_clocks, waiting
from actions.legacy_files import MOST_OCTETS, NoFiles, TarFiles
from actions.legacy_rejects import RejectsFile, RejectsLost
from actions.legacy_source import LONGEST_ROW, NotOldData, look_at
from actions.legal_sweep import sweep
from actions.naming import citizen_by_contact
from actions.scanning import EICAR
from actions.tracking import track_application
from domain.aliases import AliasKind
from domain.clock import IST
from domain.ids import SeededIds
from domain.lifecycle import Status
from domain.people import PersonKind, Provider
from domain.tracking import SecondFactor
from integrations.digilocker import CopyFormat, IssuedCopy, PullRequest
from store import aliases, applications, audit, contacts, figure_recount, identities, legacy, people, personal
from store.checks import histories
from store.tables import metadata
from tests.support.actions import World, catalogue_rows
from tests.support.catalogued import bare_environment
from tests.support.legacy import (
    PlainXml,
    aadhaar,
    old_row,
    old_rows,
    pdf_of,
    rooms_of,
    take_over,
    write_certificates,
    write_rows,
)
from tests.support.worlds import deliver_all, wrong

QUIET = (
    "outbox",
    "notices",
    "appeals",
    "escalations",
    "sanctions",
    "instalments",
    "e_transactions",
    "idempotency_records",
)
"""Tables in which an import leaves nothing: messages, appeals, warnings, payments, the ledger of e-Taal."""
LOCKER = "69a505ce-9548-5124-90b1-6282e2c95f5e"


async def rows_in(env: Environment, *names: str) -> dict[str, int]:
    async with env.store.reading() as tx:
        return {
            name: (await tx.connection.execute(select(func.count()).select_from(metadata.tables[name]))).scalar_one()
            for name in names
        }


async def by_old(env: Environment, number: str) -> Any:
    async with env.store.reading() as tx:
        found = await aliases.found(tx, number, AliasKind.APPLICATION)
        return await applications.get(tx, found) if found else None


async def told(env: Environment, path: Path, *rows: dict[str, Any]) -> list[tuple[str, str]]:
    """What is said of rows that are left out, as field and code."""
    done, rejects = await take_over(rooms_of(env), write_rows(path, rows))
    assert done.imported == 0
    return [(one["field"], one["code"]) for one in rejects]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
async def test_all_of_it_is_there_and_the_whole_store_is_as_it_must_be(world: World, old: Path, name: str) -> None:
    env, many = world.env, 40
    write_certificates(old, many)
    before = await rows_in(env, *QUIET)

    done, rejects = await take_over(rooms_of(env), write_rows(old / name, old_rows(many)))

    assert rejects == []
    assert (done.rows_done, done.imported, done.skipped, done.rejected) == (many, many, 0, 0)
    await audit.seal(env.store)
    assert await wrong(env) == []
    assert await rows_in(env, *QUIET) == before
    assert await rows_in(env, "certificates", "legacy_applications") == {"certificates": 24, "legacy_applications": 40}


async def test_figures_counted_anew_are_the_same(world: World, old: Path) -> None:
    env = world.env
    write_certificates(old, 30)
    await take_over(rooms_of(env), write_rows(old / "rows.jsonl", old_rows(30)))
    async with env.store.reading() as tx:
        before = await figure_recount.kept(tx)

    await rebuild(env.store)

    async with env.store.reading() as tx:
        assert await figure_recount.kept(tx) == before
    assert before


@pytest.mark.integration
async def test_it_is_the_same_on_postgresql(
    postgres_store: Any, store_keyrings: Any, store_clock: Any, old: Path, tmp_path: Path
) -> None:
    ids = SeededIds(store_clock, "legacy")
    async with bare_environment(postgres_store, store_keyrings, store_clock, tmp_path, ids) as env:
        await import_catalogue(env, catalogue_rows())
        write_certificates(old, 30)
        path = write_rows(old / "rows.jsonl", old_rows(30))
        first, _ = await take_over(rooms_of(env), path)
        again, _ = await take_over(rooms_of(env), path)
        started = await start_clocks(env.store, "CLI:test")

        assert (first.imported, again.imported, again.skipped, started.clocks) == (30, 0, 30, 3)
        await audit.seal(env.store)
        assert await wrong(env) == []


async def test_a_second_run_skips_all_of_it_and_names_what_says_something_else(world: World, old: Path) -> None:
    rows = list(old_rows(4))
    path = write_rows(old / "rows.jsonl", rows)
    await take_over(rooms_of(world.env), path)
    before = await rows_in(world.env, "applications", "citizens", "figure_deltas", "counter_deltas")

    again, rejects = await take_over(rooms_of(world.env), path)
    changed, others = await take_over(
        rooms_of(world.env), write_rows(old / "changed.jsonl", [rows[0] | {"mobile": "9811111111"}, rows[1]])
    )

    assert (again.imported, again.skipped, again.rejected, rejects) == (0, 4, 0, [])
    assert (changed.imported, changed.skipped, changed.rejected) == (0, 1, 1)
    assert [(one["row"], one["number"], one["code"]) for one in others] == [("1", "UK19ES/0000000", "OTHER_CONTENT")]
    assert await rows_in(world.env, "applications", "citizens", "figure_deltas", "counter_deltas") == before


async def test_one_number_twice_in_a_file_is_taken_once(world: World, old: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(legacy_import, "BATCH", 2)
    rows = list(old_rows(2))
    twice = [*rows, rows[0], rows[1] | {"gender": "T"}]
    path = write_rows(old / "rows.jsonl", twice)

    dry, foreseen = await take_over(rooms_of(world.env), path, dry_run=True)
    done, rejects = await take_over(rooms_of(world.env), path)

    assert (done.imported, done.skipped, done.rejected) == (dry.imported, dry.skipped, dry.rejected) == (2, 1, 1)
    assert rejects == foreseen
    assert [one["row"] for one in rejects] == ["4"]


async def test_a_dry_run_writes_nothing_and_leaves_out_the_same_rows(world: World, old: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(legacy_import, "BATCH", 7)
    write_certificates(old, 30)
    (old / "4" / "4.pdf").write_bytes(b"no PDF")
    rows = list(old_rows(30))
    rows[8]["certificate_number"] = rows[5]["certificate_number"]
    rows[9] |= {"applicant_id": "Q77", "born_on": "1999-01-01"}
    rows[29] |= {"applicant_id": "Q77"}
    rows[13]["aadhaar"] = rows[3]["aadhaar"]
    del rows[20]["ground"]
    path = write_rows(old / "rows.jsonl", [*rows, rows[0] | {"reason": "another"}])
    tables = [name for name in metadata.tables if name != "alembic_version"]
    before = await rows_in(world.env, *tables)

    dry, foreseen = await take_over(rooms_of(world.env), path, dry_run=True)

    assert await rows_in(world.env, *tables) == before
    assert not (Path(world.env.store.url.removeprefix("sqlite+aiosqlite:///")).parent / "objects").exists()
    assert await world.env.vault.find_many([rows[3]["aadhaar"]]) == {}
    done, rejects = await take_over(rooms_of(world.env), path)
    assert rejects == foreseen
    assert (dry.imported, dry.skipped, dry.rejected) == (done.imported, done.skipped, done.rejected)
    assert [(one["row"], one["code"]) for one in rejects] == [
        ("5", "FILE_NOT_PDF"),
        ("9", "NUMBER_TAKEN"),
        ("14", "PERSON_DIFFERS"),
        ("21", "GROUND_MISSING"),
        ("30", "PERSON_DIFFERS"),
        ("31", "OTHER_CONTENT"),
    ]


class Dies(Exception):
    """Stands for a death of the process."""


@pytest.mark.parametrize("where", ["before", "after"])
async def test_it_goes_on_behind_the_last_batch_and_nothing_is_lost_or_there_twice(
    world: World, old: Path, monkeypatch: Any, where: str
) -> None:
    monkeypatch.setattr(legacy_import, "BATCH", 5)
    write_certificates(old, 24)
    rows = list(old_rows(24))
    rows[6]["service"] = "no-such-service"
    rows[11]["district"] = "no such district"
    path = write_rows(old / "rows.jsonl", rows)
    true_write, batches = legacy_batch.write, 0

    async def dying(tx: Any, batch: Any, *rest: Any) -> None:
        nonlocal batches
        batches += 1
        if batches == 3 and where == "before":
            raise Dies
        await true_write(tx, batch, *rest)
        if batches == 3:
            raise Dies

    monkeypatch.setattr(legacy_import, "write", dying)
    with pytest.raises(Dies):
        await take_over(rooms_of(world.env), path)
    monkeypatch.setattr(legacy_import, "write", true_write)
    async with world.env.store.reading() as tx:
        found = await legacy.unfinished(tx, look_at(path).sha256)
    assert found is not None
    assert found.rows_done == 10

    done, rejects = await take_over(rooms_of(world.env), path)

    assert (done.rows_done, done.imported, done.rejected) == (24, 22, 2)
    assert [(one["row"], one["field"], one["code"]) for one in rejects] == [
        ("7", "service", "SERVICE_UNKNOWN"),
        ("12", "district", "PLACE_UNKNOWN"),
    ]
    assert await rows_in(world.env, "legacy_applications") == {"legacy_applications": 22}
    assert await wrong(world.env) == []


async def test_two_at_once_do_not_write_one_batch_twice(world: World, old: Path) -> None:
    rooms, path = rooms_of(world.env), write_rows(old / "rows.jsonl", old_rows(4))
    data = look_at(path)
    start = legacy.Bookmark(world.env.ids.key(), data.sha256)
    async with world.env.store.writing() as tx:
        await legacy.begin(tx, start)
        await legacy.move_on(tx, start, replace(start, rows_done=3), finished=False)

    rejects = RejectsFile(old / "rejects.csv", length=0)
    with pytest.raises(MovedOn):
        await legacy_import.import_applications(
            rooms, legacy_import.Plan(data, NoFiles()), start, rejects, lambda _: None
        )
    rejects.close()
    assert await rows_in(world.env, "legacy_applications") == {"legacy_applications": 0}


async def test_a_list_of_rejects_that_is_gone_stops_what_goes_on(old: Path) -> None:
    with pytest.raises(RejectsLost):
        RejectsFile(old / "gone.csv", length=400)


async def test_a_row_is_left_out_for_every_reason_at_once(world: World, old: Path) -> None:
    row = old_row(0) | {
        "legacy_number": "x",
        "born_on": "31-03-1984",
        "mobile": "12345",
        "district": "Atlantis",
        "channel": "PIGEON",
        "submitted_at": "2999-01-01",
        "colour": "blue",
        "gender": "?",
        "service": None,
        "aadhaar": "999941057057",
    }
    assert sorted(await told(world.env, old / "rows.jsonl", row)) == [
        ("aadhaar", "AADHAAR_NOT_VALID"),
        ("born_on", "NOT_A_DAY"),
        ("channel", "WORD_UNKNOWN"),
        ("colour", "FIELD_UNKNOWN"),
        ("district", "PLACE_UNKNOWN"),
        ("gender", "WORD_UNKNOWN"),
        ("legacy_number", "NUMBER_NOT_USABLE"),
        ("mobile", "MOBILE_NOT_VALID"),
        ("service", "FIELD_MISSING"),
        ("submitted_at", "IN_THE_FUTURE"),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": f"her number is {aadhaar(7)}"}, ("reason", "AADHAAR_IN_TEXT")),
        ({"legacy_number": aadhaar(7)}, ("legacy_number", "AADHAAR_IN_TEXT")),
        ({"form": {"note": aadhaar(7)}}, ("form", "AADHAAR_IN_TEXT")),
        ({"legacy_number": "10000000000000"}, None),
        ({"outcome": "DELIVERED"}, None),
        ({"ended_at": "2018-01-01"}, ("history[2]", "OUT_OF_ORDER")),
        ({"ground": None}, ("ground", "GROUND_MISSING")),
        ({"form": "not JSON"}, ("form", "NOT_TEXT")),
        ({"fee_paise": "forty"}, ("fee_paise", "NOT_A_NUMBER")),
        ({"tehsil": "304", "district": "50"}, ("tehsil", "PLACE_UNKNOWN")),
        ({"certificate_number": "C/1"}, ("certificate_file", "CERTIFICATE_MISSING")),
        ({"name_en": "\ud800"}, ("name_en", "NOT_TEXT")),
        ({"reason": "x" * 4001}, ("reason", "FIELD_TOO_LONG")),
    ],
)
async def test_what_is_wrong_is_named(world: World, old: Path, changes: Any, said: tuple[str, str] | None) -> None:
    row = {name: value for name, value in (old_row(0) | changes).items() if value is not None}
    path = old / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    done, rejects = await take_over(rooms_of(world.env), path)
    found = [(one["field"], one["code"]) for one in rejects]
    assert (found == [] and done.imported == 1) if said is None else said in found
    assert aadhaar(7) not in (old / "rows.rejects.csv").read_text(encoding="utf-8")


async def test_an_old_number_tracks_verifies_and_its_certificate_is_pulled(world: World, old: Path) -> None:
    env, rooms = world.env, rooms_of(world.env)
    write_certificates(old, 6)
    await take_over(rooms, write_rows(old / "rows.jsonl", [old_row(5)]))
    application = await by_old(env, "UK19ES/0000005")

    tracked = await track_application(env, "uk19-es/0000005", SecondFactor(mobile_last4="0005"), client="c")
    certificate = await certificate_by_any(env, "CERT/0000005")
    assert tracked is not None
    assert certificate is not None
    assert (tracked.status, tracked.number) == (Status.DELIVERED, application.number)
    assert [stage.move.value for stage in tracked.stages][:2] == ["SUBMIT", "BEGIN_SCRUTINY"]
    assert await env.objects.get(certificate.pdf_sha256) == pdf_of(5)
    assert cast("PlainXml", rooms.xml).made[0].number == "CERT/0000005"

    pull = PullRequest(
        org_id="org",
        txn="t-1",
        format=CopyFormat.BOTH,
        doctype="INCER",
        locker_id=LOCKER,
        name=certificate.holder.en,
        born_on=date(1955, 6, 6),
        search={"UDF1": "cert/0000005"},
    )
    assert await CertificateIssuer(env).find(pull) is None  # nobody has proved whose it is
    async with env.store.writing() as tx:
        await identities.add_identity(
            tx,
            Provider.MERI_PEHCHAAN,
            f"DL-{LOCKER}",
            PersonKind.CITIZEN,
            application.citizen_id,
            env.clock.now(),
            "SUBSTANTIAL",
        )
    copy = await CertificateIssuer(env).find(replace(pull, txn="t-2"))
    assert isinstance(copy, IssuedCopy)
    assert (copy.uri, copy.pdf) == (certificate.uri, pdf_of(5))


async def test_a_certificate_is_searched_by_its_facts_too(world: World, old: Path) -> None:
    env = world.env
    write_certificates(old, 6)
    await take_over(rooms_of(env), write_rows(old / "rows.jsonl", [old_row(5)]))
    application = await by_old(env, "UK19ES/0000005")
    async with env.store.reading() as tx:
        asked = {"annual_income": "96000"}
        found = await issuer_search.search(tx, "INCER", asked, application.citizen_id, issuer_search.NO_TAGS)
        assert found is not None
        assert await issuer_search.search(tx, "INCER", asked, "somebody else", issuer_search.NO_TAGS) is None


async def test_the_clock_of_an_open_one_runs_as_filed_and_files_nothing_until_it_is_let_go(
    world: World, old: Path
) -> None:
    env = world.env
    late = old_row(3) | {"submitted_at": "2026-10-01T10:00:00+05:30", "legacy_number": "LATE/1"}
    asked = old_row(13) | {
        "submitted_at": "2026-11-10T10:00:00+05:30",
        "legacy_number": "ASKED/1",
        "history": [
            {"move": "SUBMIT", "at": "2026-11-10T10:00:00+05:30"},
            {"move": "RAISE_QUERY", "at": "2026-11-12T10:00:00+05:30", "by": "Tehsildar", "note": "Which year?"},
        ],
    }
    await take_over(rooms_of(env), write_rows(old / "rows.jsonl", [late, asked]))

    application, paused = await by_old(env, "LATE/1"), await by_old(env, "ASKED/1")
    assert (application.status, application.due_at.astimezone(IST).date()) == (Status.IN_SCRUTINY, date(2026, 10, 21))
    assert (paused.status, paused.paused_since is not None) == (Status.QUERY_RAISED, True)
    assert application.officer_id == world.tehsildar.person_id
    before = await rows_in(env, *QUIET)
    await sweep(env)
    assert await rows_in(env, *QUIET) == before
    held = await waiting(env.store, env.clock)
    assert (held.held, held.overdue) == (2, 1)

    assert (await start_clocks(env.store, "CLI:test")).clocks == 2
    assert (await sweep(env)).filed == 1
    assert (await start_clocks(env.store, "CLI:test")).clocks == 0
    await audit.seal(env.store)
    assert await wrong(env) == []


async def test_an_approved_one_gets_its_certificate_once_its_clock_is_let_go(world: World, old: Path) -> None:
    env = world.env
    approved = old_row(3) | {
        "submitted_at": "2026-11-10T10:00:00+05:30",
        "history": [
            {"move": "SUBMIT", "at": "2026-11-10T10:00:00+05:30"},
            {"move": "APPROVE", "at": "2026-11-12T10:00:00+05:30", "by": "Tehsildar"},
        ],
    }
    await take_over(rooms_of(env), write_rows(old / "rows.jsonl", [approved]))
    assert await wrong(env) == []
    assert (await start_clocks(env.store, "CLI:test")).certificates == 1
    await deliver_all(world)
    assert (await by_old(env, "UK19ES/0000003")).status is Status.DELIVERED
    assert await wrong(env) == []


async def test_an_officer_works_on_an_old_one_like_on_any_other(world: World, old: Path) -> None:
    env = world.env
    row = old_row(3) | {"submitted_at": "2026-11-20T10:00:00+05:30"}
    await take_over(rooms_of(env), write_rows(old / "rows.jsonl", [row]))
    application = await by_old(env, "UK19ES/0000003")

    await decide_application(env, world.tehsildar, Decide(application.id, Verdict.APPROVE, "approve"))
    await deliver_all(world)

    assert (await by_old(env, "UK19ES/0000003")).status is Status.DELIVERED
    assert await rows_in(env, "e_transactions") == {"e_transactions": 1}
    await audit.seal(env.store)
    assert await wrong(env) == []


@pytest.mark.parametrize("status", ["BENEFIT_SANCTIONED", "APPROVED"])
async def test_a_benefit_that_is_being_paid_is_not_taken_over(world: World, old: Path, status: str) -> None:
    moves = ["SUBMIT", "APPROVE", *(["SANCTION_BENEFIT"] if status == "BENEFIT_SANCTIONED" else [])]
    row = old_row(1) | {
        "outcome": "PENDING",
        "submitted_at": "2026-11-10T10:00:00+05:30",
        "history": [{"move": move, "at": "2026-11-10T10:00:00+05:30"} for move in moves],
    }
    assert await told(world.env, old / "rows.jsonl", row) == [("outcome", "PAYMENT_UNDER_WAY")]


async def test_aadhaar_numbers_lie_in_the_vault_alone_and_tell_persons_apart(world: World, old: Path) -> None:
    env = world.env
    number = aadhaar(77)
    first = old_row(3) | {"aadhaar": number}
    same = old_row(13) | {"aadhaar": number, "born_on": first["born_on"], "applicant_id": "another"}
    named = old_row(23) | {"name_en": first["name_en"], "mobile": first["mobile"], "born_on": first["born_on"]}
    del named["aadhaar"]
    path = write_rows(old / "rows.jsonl", [first, same, named])
    await take_over(rooms_of(env), path)

    owners = [(await by_old(env, f"UK19ES/00000{place}")).citizen_id for place in ("03", "13", "23")]
    assert owners[0] == owners[1]
    assert owners[2] != owners[0]
    async with env.store.reading() as tx:
        citizen = (await people.citizens(tx, owners))[owners[0]]
    assert citizen.aadhaar_last4 == number[-4:]
    assert await env.vault.reveal(citizen.aadhaar_reference or "", purpose="TEST", by="test") == number
    content = b"".join(file.read_bytes() for file in old.parent.glob("store.db*"))
    assert number.encode() not in content
    assert first["mobile"].encode() not in content
    assert await wrong(env) == []


async def test_the_old_record_does_not_stand_in_the_way_of_a_persons_own_at_a_centre(world: World, old: Path) -> None:
    row = old_row(0) | {"mobile": "9800000001", "born_on": "1984-03-14"}
    async with world.env.store.writing() as tx:
        await contacts.note(tx, [(world.asha.person_id or "", "9800000001"), (world.sunil.person_id or "", None)])
    await take_over(rooms_of(world.env), write_rows(old / "rows.jsonl", [row]))
    async with world.env.store.reading() as tx:
        assert await citizen_by_contact(tx, "9800000001", date(1984, 3, 14)) == world.asha.person_id


async def test_what_was_taken_over_is_exported_and_erased(world: World, old: Path) -> None:
    env = world.env
    row = old_row(0) | {"applicant_id": "P-1"}
    path = write_rows(old / "rows.jsonl", [row])
    await take_over(rooms_of(env), path)
    application = await by_old(env, "UK19ES/0000000")
    async with env.store.reading() as tx:
        shown = {
            name: (await personal.rows_of_person(tx, name, application.citizen_id, after=None, limit=10)).rows
            for name in personal.person_tables()
        }
    assert [one["move"] for one in shown["timeline_entries"]] == ["SUBMIT", "BEGIN_SCRUTINY", "REJECT"]
    assert [one["steps"] for one in shown["legacy_applications"]] == [3]
    assert "content_index" not in shown["legacy_applications"][0]

    async with env.store.writing() as tx:
        await personal.erase(tx, application.citizen_id)
    again, rejects = await take_over(rooms_of(env), path)
    assert (again.imported, again.skipped, rejects) == (0, 1, [])  # it does not come back
    assert await rows_in(env, "legacy_persons") == {"legacy_persons": 0}
    assert await wrong(env) == []


async def test_certificates_lie_in_a_tar_file_too(world: World, old: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(legacy_files, "_SORTED_AT_ONCE", 5)
    write_certificates(old / "files", 30)
    with tarfile.open(old / "files.tar", "w") as tar:
        for file in sorted((old / "files").rglob("*.pdf")):
            tar.add(file, f"./{file.relative_to(old / 'files')}")
    shutil.rmtree(old / "files")
    files = TarFiles(old / "files.tar")
    done, rejects = await take_over(rooms_of(world.env), write_rows(old / "rows.jsonl", old_rows(30)), files)
    missing = files.read("nowhere.pdf")
    files.close()

    assert (done.imported, rejects, missing) == (30, [], None)
    certificate = await certificate_by_any(world.env, "CERT/0000019")
    assert certificate is not None
    assert await world.env.objects.get(certificate.pdf_sha256) == pdf_of(19)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("../outside.pdf", None, "FILE_MISSING"),
        ("/etc/hostname", None, "FILE_MISSING"),
        ("link.pdf", None, "FILE_MISSING"),
        ("a.pdf", b"%PDF-1.4\n" + EICAR + b"\n%%EOF\n", "FILE_INFECTED"),
        ("a.pdf", b"\x89PNG\r\n\x1a\n", "FILE_NOT_PDF"),
        ("a.pdf", b"%PDF-1.4\n cut off", "FILE_NOT_PDF"),
        ("a.pdf", b"%PDF-1.4\n" + b"x" * MOST_OCTETS + b"%%EOF\n", "FILE_TOO_LARGE"),
        ("a.pdf", b"%PDF-1.4\n other\n%%EOF\n", "FILE_DIFFERS"),
    ],
)
async def test_a_file_that_is_not_the_certificate_leaves_the_row_out(
    world: World, old: Path, name: str, content: bytes | None, code: str
) -> None:
    (old.parent / "outside.pdf").write_bytes(pdf_of(1))
    (old / "link.pdf").symlink_to(old.parent / "outside.pdf")
    if content is not None:
        (old / name).write_bytes(content)
    row = old_row(5) | {"certificate_file": name, "certificate_sha256": hashlib.sha256(pdf_of(5)).hexdigest()}
    row |= {} if code == "FILE_DIFFERS" else {"certificate_sha256": ""}
    assert await told(world.env, old / "rows.jsonl", row) == [("certificate_file", code)]
    assert await rows_in(world.env, "applications", "certificates") == {"applications": 0, "certificates": 0}


async def test_broken_rows_are_named_and_the_rest_goes_on(world: World, old: Path) -> None:
    good = [json.dumps(old_row(number)).encode() for number in (0, 1, 2)]
    lines = [good[0], b"{not JSON", b"[]", good[1], b'{"x": "' + b"y" * LONGEST_ROW + b'"}', b"", b"\xff\xfe", good[2]]
    path = old / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines) + b"\n")
    done, rejects = await take_over(rooms_of(world.env), path)
    assert done.imported == 3
    assert [(one["row"], one["code"]) for one in rejects] == [
        ("2", "ROW_NOT_READABLE"),
        ("3", "ROW_NOT_READABLE"),
        ("5", "ROW_TOO_LONG"),
        ("7", "ROW_NOT_READABLE"),
    ]


async def test_a_quotation_mark_that_stays_open_costs_one_row_of_csv(world: World, old: Path) -> None:
    path = write_rows(old / "rows.csv", [old_row(number) for number in (0, 1, 2, 11)])
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2].replace("Bachan Singh", '"Bachan Singh')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done, rejects = await take_over(rooms_of(world.env), path)
    assert (done.imported, [(one["row"], one["code"]) for one in rejects]) == (3, [("2", "ROW_NOT_READABLE")])


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("legacy_number,colour", "colour"),
        ("legacy_number,legacy_number", "twice"),
        ("legacy_number,service", "missing"),
        ("\udcff", "UTF-8"),
    ],
)
def test_a_head_that_is_not_known_stops_everything(old: Path, head: str, why: str) -> None:
    path = old / "rows.csv"
    path.write_bytes(head.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(NotOldData, match=why):
        look_at(path)


async def test_an_empty_file_is_imported_at_once(world: World, old: Path) -> None:
    done, rejects = await take_over(rooms_of(world.env), write_rows(old / "rows.jsonl", []))
    assert (done.rows_done, rejects) == (0, [])


async def test_numbers_of_twelve_digits_are_taken_where_the_administrator_says_so(world: World, old: Path) -> None:
    row = old_row(0) | {"legacy_number": aadhaar(5)}
    path = write_rows(old / "rows.jsonl", [row])
    assert (await take_over(rooms_of(world.env), path))[0].rejected == 1
    done, _ = await take_over(rooms_of(world.env), path, twelve=True)
    assert done.imported == 1


def test_the_check_of_the_store_knows_the_audit_line_of_an_import() -> None:
    assert histories.IMPORTED == legacy_batch.ACTION
