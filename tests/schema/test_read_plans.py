"""No read of a citizen or an officer goes through a whole table: plans of what is really sent, on both databases."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from actions.catalogue.catalogue_import import import_catalogue
from actions.documents.file_links import link_to
from benchmarks.store import bulk
from benchmarks.store.cases import DAYS
from benchmarks.store.load import LOADED, population_of
from benchmarks.store.reads import COMMISSION, OFFICE, Asked, Asking
from benchmarks.store.rows import Writer, number_of, officers_of
from benchmarks.store.store_under_test import open_store
from domain.applications.applications import Channel
from domain.kernel import NumberKind, OfficerLevel, PersonKind, Posting, Role, Subject
from domain.officers.desk import ReadPurpose
from store.database.change_feed import changes_table
from store.identity import people
from tests.support.actions import catalogue_rows
from tests.support.plans import Asked as Sent
from tests.support.plans import asked, plan_of

MANY = 2_000
GREAT = frozenset({table.name for table in LOADED} | {changes_table.name})
"""Tables that grow with the number of applications."""

_SCANNED = re.compile(r"(?:Seq Scan on|SCAN) (\w+)")
"""In the words of PostgreSQL and of SQLite, which says the same of a whole index."""


@pytest.fixture
async def asking(graph, store_url: str, tmp_path: Path) -> AsyncIterator[Asking]:
    """A store of some thousand synthetic applications, with what the database knows about its rows."""
    async with open_store(store_url, tmp_path) as house:
        await import_catalogue(house.env, catalogue_rows())
        population = await population_of(house.store, MANY)
        officers = officers_of(population)
        posts = {(one.postings[0].department or "", one.postings[0].district or ""): one.id for one in officers}
        writer = Writer(population, posts, house.cipher, house.clock, audited=True)
        chunks = [writer.citizens(range(population.citizens)), writer.applications(range(MANY))]
        chunks.append(writer.days(range(DAYS)))
        async with house.store.write_transaction() as tx:
            await people.add_officer(tx, next(one for one in officers if one.postings[0].district == OFFICE[1]))
            for chunk in chunks:
                chunk.marks.clear()  # figures are of months and places, and have tests of their own
                await bulk.write(tx, chunk)
            if tx.dialect == "postgresql":
                # The feed is not loaded; every application changed once.
                await tx.connection.execute(text(_FEED.format("pg_current_xact_id()::text::bigint")))
            else:
                await tx.connection.execute(text(_FEED.format("0")))
            await tx.connection.execute(text(_UPLOAD), {"sha256": PAPER})
            await tx.connection.execute(text(_USES))
        await bulk.analysed(house.store)
        yield Asking.of(house.env, graph, population)


PAPER = "0" * 64
"""The content of a file that a hundred applications name."""
_UPLOAD = (
    "INSERT INTO uploads (id, owner, person_id, sha256, media_type, size, created_at, used_at)"
    " SELECT 'paper', 'OFFICER:x', 'x', :sha256, 'application/pdf', 1, at, at"
    " FROM (SELECT MIN(created_at) AS at FROM applications) AS earliest"
)
_USES = (
    "INSERT INTO upload_uses (upload_id, object_kind, object_id, citizen_id, at)"
    " SELECT 'paper', 'APPLICATION', id, citizen_id, created_at FROM applications ORDER BY id LIMIT 100"
)
_FEED = (
    "INSERT INTO changes (tx_number, kind, object_id, citizen_id, application_id, department, district, tehsil, at)"
    " SELECT {}, 'APPLICATION', id, citizen_id, id, department, district, tehsil, updated_at FROM applications"
)


def everything(asking: Asking) -> Iterator[Asked]:
    """What the benchmark measures, and the other lists of the apps."""
    yield from asking.everything()
    case = asking.population.case(MANY - 1)
    by = {"number": number_of(NumberKind.APPLICATION, case)}
    her = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, case.owner)
    for name in ("applications", "sync", "notifications"):
        yield Asked(f"citizen: {name}", lambda name=name: asking.run(f"citizen_app/{name}", her))
    yield Asked("citizen: one application", lambda: asking.run("citizen_app/application_detail", her, by=by))
    officer = asking.officer
    desk = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, officer.id, officer.postings)
    for name in ("queue", "sync", "dashboards"):
        yield Asked(f"officer: {name}", lambda name=name: asking.run(f"officer_app/{name}", desk))
    yield Asked("officer: a file of cases", lambda: link_to(asking.env, desk, PAPER, stated=ReadPurpose.SUPERVISE))
    yield Asked("officer: pack", lambda: asking.run("officer_app/pack", desk, day="2026-11-24"))
    for wanted in (
        {"statuses": ["QUERY_RAISED"]},
        {"overdue": True},
        {"claimedBy": "ME"},
        {"assignedTo": "ME"},
        {"channels": [Channel.CSC.value], "number": "126"},
    ):
        given = {"filter": wanted}
        yield Asked(f"officer: {wanted}", lambda given=given: asking.run("officer_app/queue", desk, **given))
    wide = replace(desk, postings=(*desk.postings, Posting(Role.OFFICER, None, "50", None, OfficerLevel.DESIGNATED)))
    yield Asked("officer of two postings", lambda: asking.run("officer_app/queue", wide))
    yield Asked("commission: overdue", lambda: asking.run("officer_app/overdue", COMMISSION))
    for wanted in ("OVERDUE", "DUE_SOON", "PENDING", "DISPOSED_LATE"):
        given = {"list": wanted, "purpose": "SUPERVISE"}
        yield Asked(f"cases: {wanted}", lambda given=given: asking.run("officer_app/figure_cases", desk, **given))


async def test_every_read_finds_its_rows_by_an_index_and_a_queue_gets_them_in_its_order(asking: Asking) -> None:
    scanned: dict[str, str] = {}
    queue = ""
    for one in everything(asking):
        with asked(asking.env.store) as sent:
            await one.ask()
        for statement in _reads(sent):
            async with asking.env.store.read_transaction() as tx:
                plan = await plan_of(tx, statement)
            if GREAT.intersection(_SCANNED.findall(plan)):
                scanned[one.name] = f"{statement[0]}\n{plan}"
            if one.name.startswith("officer's queue by due date") and not queue:
                queue = plan
    assert not scanned, "\n\n".join(f"{name}\n{plan}" for name, plan in scanned.items())
    assert "ix_applications_open_district_department_due_at" in queue, queue
    # PostgreSQL sorts the few that there are here, and takes them in the order of the index once they are many.
    assert "TEMP B-TREE" not in queue, queue


def _reads(sent: list[Sent]) -> list[Sent]:
    return [statement for statement in sent if statement[0].lstrip().upper().startswith(("SELECT", "WITH"))]
