"""Old applications are taken over whole or left out by name, once, and nothing else happens because of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actions.catalogue.catalogue_import import import_catalogue
from actions.statistics.upkeep import rebuild
from domain.kernel import SeededIds
from legacy import batch as legacy_batch
from legacy import import_rows as legacy
from legacy import imports
from legacy.batch import MovedOn
from legacy.clocks import start_clocks
from legacy.files import NoFiles
from legacy.rejects import RejectsFile, RejectsLost
from legacy.source import look_at
from store.checks import histories
from store.database import audit
from store.identity import people
from store.privacy import personal, personal_rules
from store.statistics import figure_recount
from store.tables import metadata
from tests.support.actions import World, catalogue_rows
from tests.support.catalogued import bare_environment
from tests.support.legacy import (
    QUIET,
    aadhaar,
    by_old,
    old_row,
    old_rows,
    rooms_of,
    rows_in,
    take_over,
    write_certificates,
    write_rows,
)
from tests.support.worlds import wrong


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
    async with env.store.read_transaction() as tx:
        before = await figure_recount.stored_cubes(tx)

    await rebuild(env.store)

    async with env.store.read_transaction() as tx:
        assert await figure_recount.stored_cubes(tx) == before
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
    before = await rows_in(world.env, "applications", "citizens", "figure_deltas")

    again, rejects = await take_over(rooms_of(world.env), path)
    changed, others = await take_over(
        rooms_of(world.env), write_rows(old / "changed.jsonl", [rows[0] | {"mobile": "9811111111"}, rows[1]])
    )

    assert (again.imported, again.skipped, again.rejected, rejects) == (0, 4, 0, [])
    assert (changed.imported, changed.skipped, changed.rejected) == (0, 1, 1)
    assert [(one["row"], one["number"], one["code"]) for one in others] == [("1", "UK19ES/0000000", "OTHER_CONTENT")]
    assert await rows_in(world.env, "applications", "citizens", "figure_deltas") == before


async def test_one_number_twice_in_a_file_is_taken_once(world: World, old: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    rows = list(old_rows(2))
    twice = [*rows, rows[0], rows[1] | {"gender": "T"}]
    path = write_rows(old / "rows.jsonl", twice)

    dry, foreseen = await take_over(rooms_of(world.env), path, dry_run=True)
    done, rejects = await take_over(rooms_of(world.env), path)

    assert (done.imported, done.skipped, done.rejected) == (dry.imported, dry.skipped, dry.rejected) == (2, 1, 1)
    assert rejects == foreseen
    assert [one["row"] for one in rejects] == ["4"]


async def test_a_dry_run_writes_nothing_and_leaves_out_the_same_rows(world: World, old: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(imports, "BATCH", 7)
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
    monkeypatch.setattr(imports, "BATCH", 5)
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

    monkeypatch.setattr(imports, "write", dying)
    with pytest.raises(Dies):
        await take_over(rooms_of(world.env), path)
    monkeypatch.setattr(imports, "write", true_write)
    async with world.env.store.read_transaction() as tx:
        found = await legacy.unfinished_import(tx, look_at(path).sha256)
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
    async with world.env.store.write_transaction() as tx:
        await legacy.begin(tx, start)
        await legacy.move_on(tx, start, replace(start, rows_done=3), finished=False)

    rejects = RejectsFile(old / "rejects.csv", length=0)
    with pytest.raises(MovedOn):
        await imports.import_applications(rooms, imports.Plan(data, NoFiles()), start, rejects, lambda _: None)
    rejects.close()
    assert await rows_in(world.env, "legacy_applications") == {"legacy_applications": 0}


async def test_a_list_of_rejects_that_is_gone_stops_what_goes_on(old: Path) -> None:
    with pytest.raises(RejectsLost):
        RejectsFile(old / "gone.csv", length=400)


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
    async with env.store.read_transaction() as tx:
        citizen = (await people.citizens(tx, owners))[owners[0]]
    assert citizen.aadhaar_last4 == number[-4:]
    assert await env.vault.reveal(citizen.aadhaar_reference or "", purpose="TEST", by="test") == number
    content = b"".join(file.read_bytes() for file in old.parent.glob("store.db*"))
    assert number.encode() not in content
    assert first["mobile"].encode() not in content
    assert await wrong(env) == []


async def test_what_was_taken_over_is_exported_and_erased(world: World, old: Path) -> None:
    env = world.env
    row = old_row(0) | {"applicant_id": "P-1"}
    path = write_rows(old / "rows.jsonl", [row])
    await take_over(rooms_of(env), path)
    application = await by_old(env, "UK19ES/0000000")
    async with env.store.read_transaction() as tx:
        shown = {
            name: (await personal.rows_of_person(tx, name, application.citizen_id, after=None, limit=10)).rows
            for name in personal_rules.person_tables()
        }
    assert [one["move"] for one in shown["timeline_entries"]] == ["SUBMIT", "BEGIN_SCRUTINY", "REJECT"]
    assert [one["steps"] for one in shown["legacy_applications"]] == [3]
    assert "content_index" not in shown["legacy_applications"][0]

    async with env.store.write_transaction() as tx:
        await personal.erase(tx, application.citizen_id)
    again, rejects = await take_over(rooms_of(env), path)
    assert (again.imported, again.skipped, rejects) == (0, 1, [])  # it does not come back
    assert await rows_in(env, "legacy_persons") == {"legacy_persons": 0}
    assert await wrong(env) == []


def test_the_check_of_the_store_knows_the_audit_line_of_an_import() -> None:
    assert histories.IMPORTED == legacy_batch.ACTION
