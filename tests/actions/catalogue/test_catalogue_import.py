"""Imports of the catalogue: what changes is told, what is wrong is left out by name, nothing is half done."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from actions.catalogue.catalogue_import import import_catalogue, import_portal, import_rows
from actions.catalogue.cells import REASONS
from actions.catalogue.doctor import missing_facts
from actions.catalogue.search import Wanted, find_services
from domain.kernel import SeededIds
from integrations.portal import read_catalogue
from store.catalogue import catalogue
from store.database import audit
from tests.support.actions import World, catalogue_rows
from tests.support.catalogued import bare_environment
from tests.support.stored import versions_of
from tests.support.worlds import wrong

ROWS = catalogue_rows()


def changed(code: str, **cells: str):
    """The rows with some cells of one service changed."""
    services = tuple({**row, **cells} if row["service_code"] == code else row for row in ROWS.services)
    return replace(ROWS, services=services)


def record(code: str = "ES09", **fields: Any) -> dict[str, Any]:
    plain = {"id": code, "slug": None, "nameEnglish": f"Service {code}", "nameHindi": None, "department": None}
    plain |= {"serviceType": None, "charge": None, "deliveryTimeInSeconds": None, "rts": None, "documents": None}
    return plain | fields


async def service(world: World, code: str = "ES09"):
    async with world.env.store.read_transaction() as tx:
        return await catalogue.service(tx, code)


async def dump(world: World) -> list[tuple[Any, ...]]:
    async with world.env.store.read_transaction() as tx:
        found = []
        places = ("departments", "districts", "tehsils")
        for table in ("services", "service_versions", *places, "schemes", "etaal_services"):
            rows = (await tx.connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2")).all()
            found += [tuple(row) for row in rows]
        return found


async def test_an_import_of_the_same_changes_nothing(world):
    before = await dump(world)
    for _ in range(2):
        imported = await import_rows(world.env.store, ROWS, dry_run=False)
        assert imported.changes == ()
        assert imported.rejects == ()
    assert await dump(world) == before


async def test_a_dry_run_tells_what_would_change_for_people_and_programs_and_writes_nothing(world):
    before = await dump(world)
    rows = changed("ES09", fee_inr="50", rts_time_limit_days="20", documents_optional="")
    imported = await import_rows(world.env.store, rows, dry_run=True)
    assert await dump(world) == before
    (change,) = imported.as_json()["changed"]
    assert (change["kind"], change["key"], change["name"]) == ("service", "ES09", "Income Certificate")
    kept = await service(world, "ES09")
    assert change["fields"]["fee_paise"] == {"from": kept.fee_paise, "to": 5000}
    assert change["fields"]["limit_days"] == {"from": kept.limit_days, "to": 20}
    assert [paper["key"] for paper in change["fields"]["documents"]["from"]][-1] == "pay-slip"
    first, last = imported.lines()
    assert first.startswith("~ service ES09 Income Certificate: ")
    assert f"fee_paise: {kept.fee_paise} -> 5000" in first
    assert last.startswith("entries would be: 0 added, 1 changed, ")


async def test_a_new_service_gets_a_code_of_e_taal_and_its_first_version(world):
    row = {**ROWS.services[0], "service_code": "ES77", "slug": "another", "name_en": "Another Certificate"}
    imported = await import_rows(world.env.store, replace(ROWS, services=(*ROWS.services, row)), dry_run=False)
    assert [(change.key, change.is_new) for change in imported.changes] == [("ES77", True)]
    added = await service(world, "ES77")
    assert (added.version, added.fee_paise) == (1, 4000)
    assert (await find_services(world.env, Wanted(search="another certificate")))[0].service.code == "ES77"
    assert await wrong(world.env) == []


async def test_services_that_an_import_does_not_name_stay_and_are_told(world):
    imported = await import_rows(world.env.store, replace(ROWS, services=ROWS.services[1:]), dry_run=False)
    assert imported.absent == ("ES09",)
    assert await service(world) is not None


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        ({"name_en": ""}, "name_en", "MISSING"),
        ({"rts_time_limit_days": "soon"}, "rts_time_limit_days", "NOT_A_NUMBER"),
        ({"rts_time_limit_days": "-1"}, "rts_time_limit_days", "OUT_OF_RANGE"),
        ({"portal_delivery_days": "99999"}, "portal_delivery_days", "OUT_OF_RANGE"),
        ({"fee_inr": "free"}, "fee_inr", "NOT_AN_AMOUNT"),
        ({"fee_inr": "1.234"}, "fee_inr", "NOT_AN_AMOUNT"),
        ({"fee_inr": "-5"}, "fee_inr", "OUT_OF_RANGE"),
        ({"rts_notified": "maybe"}, "rts_notified", "NOT_YES_OR_NO"),
        ({"name_en": "x" * 301}, "name_en", "TOO_LONG"),
        ({"name_en": "Income\0Certificate"}, "name_en", "NOT_PLAIN"),
        ({"name_hi": "आय\nप्रमाण"}, "name_hi", "NOT_PLAIN"),
        ({"name_hi": "आय\u202eप्रमाण"}, "name_hi", "NOT_PLAIN"),
        ({"slug": "income/../certificate"}, "slug", "NOT_A_KEY"),
        ({"service_code": "ES 09"}, "service_code", "NOT_A_KEY"),
        ({"slug": "domicile-certificate"}, "slug", "TWICE"),
        ({"service_code": "ES01"}, "key", "TWICE"),
        ({"fee_inr": None}, "fee_inr", "NO_CELL"),
        ({None: ["more"]}, "row", "TOO_MANY_CELLS"),
    ],
)
async def test_a_row_that_is_wrong_is_left_out_by_field_and_reason_and_the_rest_goes_on(world, cells, field, reason):
    wrong_row = {**ROWS.services[0], **cells}
    rows = (*ROWS.services[1:], wrong_row)
    rows = tuple({**row, "fee_inr": "77"} if row["service_code"] == "ES08" else row for row in rows)
    imported = await import_rows(world.env.store, replace(ROWS, services=rows), dry_run=False)
    (reject,) = imported.rejects
    assert (reject.file, reject.row, reject.field, reject.reason) == ("services.csv", len(rows) + 1, field, reason)
    assert REASONS[reason] in reject.words
    assert (await service(world, "ES08")).fee_paise == 7700
    assert (await service(world)).fee_paise == 4000


async def test_wrong_rows_of_the_other_files_are_left_out_by_their_file(world):
    rows = replace(
        ROWS,
        tehsils=({**ROWS.tehsils[0], "district_lgd_code": "999"}, *ROWS.tehsils[1:]),
        schemes=({**ROWS.schemes[0], "amount_inr": "much"}, *ROWS.schemes[1:]),
        holidays=({**ROWS.holidays[0], "date": "26 January"}, *ROWS.holidays[1:]),
        life_events=({**ROWS.life_events[0], "life_events": "PARTY"}, *ROWS.life_events[1:]),
    )
    imported = await import_rows(world.env.store, rows, dry_run=True)
    assert {(each.file, each.field, each.reason) for each in imported.rejects} >= {
        ("tehsils.csv", "district_lgd_code", "NOT_KNOWN"),
        ("dbt_schemes.csv", "amount_inr", "NOT_AN_AMOUNT"),
        ("holidays.csv", "date", "NOT_A_DATE"),
        ("local_life_events.csv", "life_events", "NOT_KNOWN"),
    }


@pytest.mark.parametrize(
    ("changes", "file"),
    [
        ({"outcomes": {"outcome": "BLESSING"}}, "local_outcomes.csv"),
        ({"life_events": {"life_events": "PARTY"}}, "local_life_events.csv"),
        ({"keywords": {"keywords": "x" * 5000}}, "local_keywords.csv"),
        ({"schemes": {"amount_inr": "much"}}, "dbt_schemes.csv"),
        ({"departments": {"name_en": ""}}, "departments.csv"),
        ({"local_departments": {"slug": "not a slug"}}, "local_departments.csv"),
        ({"doctypes": {"doctype": "income certificate"}}, "digilocker_doctypes.csv"),
    ],
)
async def test_what_a_refused_row_says_of_a_service_is_not_lost_the_service_stays_as_it_is(world, changes, file):
    ((part, cells),) = changes.items()
    broken = tuple({**row, **cells} for row in getattr(ROWS, part))
    before = await dump(world)
    imported = await import_rows(world.env.store, replace(ROWS, **{part: broken}), dry_run=False)
    assert imported.changes == ()
    assert await dump(world) == before
    left = [each for each in imported.rejects if each.reason == "LEFT_AS_IS"]
    assert left
    assert {(each.file, each.field) for each in left} == {("services.csv", file)}


async def test_a_scheme_whose_way_of_paying_is_refused_is_still_paid_as_before(world):
    broken = tuple({**row, "rail": "PIGEON"} for row in ROWS.local_schemes)
    before = await dump(world)
    imported = await import_rows(world.env.store, replace(ROWS, local_schemes=broken), dry_run=False)
    assert imported.changes == ()
    assert await dump(world) == before
    assert {("dbt_schemes.csv", "local_schemes.csv"), ("services.csv", "dbt_schemes.csv")} == {
        (each.file, each.field) for each in imported.rejects if each.reason == "LEFT_AS_IS"
    }


async def test_an_import_that_is_cut_off_leaves_nothing_of_it_and_may_be_run_again(world):
    before = await dump(world)
    services = tuple({**row, "fee_inr": "99"} for row in ROWS.services)
    told: list[tuple[int, int]] = []

    def cut_off(done: int, total: int, /) -> None:
        told.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_rows(world.env.store, replace(ROWS, services=services), dry_run=False, tell=cut_off)
    assert told == [(50, 87)]
    assert await dump(world) == before
    seen: list[tuple[int, int]] = []
    await import_rows(
        world.env.store,
        replace(ROWS, services=services),
        dry_run=False,
        tell=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(50, 87), (87, 87)]
    assert (await service(world)).fee_paise == 9900


async def test_the_portal_changes_what_it_says_and_leaves_what_it_does_not(world):
    before = await service(world)
    said = record(
        nameEnglish="Income Certificate (new)",
        charge=45,
        deliveryTimeInSeconds=1_296_000 * 2,
        rts=True,
        documents=[{"nameEnglish": "Pay Slip", "required": True}, "Bank Statement"],
    )
    imported = await import_portal(world.env.store, read_catalogue([said]), dry_run=False)
    after = await service(world)
    assert [change.key for change in imported.changes] == ["ES09"]
    assert (after.fee_paise, after.portal_delivery_days, after.version) == (4500, 30, 2)
    assert [(paper.key, paper.required) for paper in after.documents] == [("pay-slip", True), ("bank-statement", True)]
    kept = ("id", "slug", "limit_days", "designated_officer", "outcome", "doctype", "open", "department", "category")
    assert {name: getattr(after, name) for name in kept} == {name: getattr(before, name) for name in kept}
    assert after.name.hi == before.name.hi
    again = await import_portal(world.env.store, read_catalogue([said]), dry_run=False)
    assert again.changes == ()
    assert (await service(world)).version == 2


async def test_a_service_that_only_the_portal_knows_has_no_facts_made_up_and_is_closed(world):
    read = read_catalogue([record("ZZ01", department="revenue-department", charge=0, deliveryTimeInSeconds=0)])
    await import_portal(world.env.store, read, dry_run=False)
    added = await service(world, "ZZ01")
    assert (added.limit_days, added.portal_delivery_days, added.designated_officer) == (None, None, None)
    assert (added.fee_paise, added.documents, added.life_events, added.eligibility) == (0, (), None, None)
    assert (added.department, added.open, added.code_source) == ("revenue-department", False, "PORTAL")


async def test_broken_records_of_the_portal_are_left_out_by_place_field_and_reason(world):
    records = [
        record("ES08", charge=60),
        record("ES01", charge="much"),
        record("ES03", deliveryTimeInSeconds=100),
        record("ES06", rts="yes"),
        record("ES07", documents={"a": 1}),
        record("", nameEnglish="x"),
        record("ES08"),
        record("ES11", slug="caste-certificate"),
        "not an object",
        record("ES10", nameEnglish="half a letter \ud800"),
        record("ES21", nameHindi="शौचालय\0"),
        record("ES/91"),
        record("ES92", slug="a/b"),
        record("ES94", department={"slug": 5}),
    ]
    imported = await import_portal(world.env.store, read_catalogue(records), dry_run=False)
    assert {(each.row, each.field, each.reason) for each in imported.rejects} == {
        (2, "charge", "NOT_AN_AMOUNT"),
        (3, "deliveryTimeInSeconds", "NOT_WHOLE_DAYS"),
        (4, "rts", "NOT_YES_OR_NO"),
        (5, "documents", "NOT_A_LIST"),
        (6, "id", "MISSING"),
        (7, "id", "TWICE"),
        (8, "slug", "TWICE"),
        (9, "record", "NOT_AN_OBJECT"),
        (10, "nameEnglish", "NOT_PLAIN"),
        (11, "nameHindi", "NOT_PLAIN"),
        (12, "id", "NOT_A_KEY"),
        (13, "slug", "NOT_A_KEY"),
        (14, "department", "NOT_TEXT"),
    }
    "\n".join([*imported.lines(), *(each.words for each in imported.rejects)]).encode()  # can be told
    assert (await service(world, "ES08")).fee_paise == 6000
    assert all(each.reason in REASONS for each in imported.rejects)


async def test_a_department_that_only_the_portal_knows_is_entered_and_found_by(world):
    said = {"slug": "yoga-board", "nameEnglish": "Yoga Board", "nameHindi": "योग परिषद"}
    records = [
        record("ZZ01", department=said),
        record("ZZ02", department="Yoga Board"),
        record("ZZ03", department="योग परिषद"),
        record("ES09", department="Revenue Department"),
    ]
    imported = await import_portal(world.env.store, read_catalogue(records), dry_run=False)
    assert [change.line() for change in imported.changes if change.kind == "department"] == [
        "+ department yoga-board Yoga Board"
    ]
    found = await find_services(world.env, Wanted(department="yoga-board"))
    assert {each.service.code for each in found} == {"ZZ01", "ZZ02", "ZZ03"}
    assert (await find_services(world.env, Wanted(search="yog parishad")))[0].service.department == "yoga-board"
    assert (await service(world)).department == "revenue-department"
    again = await import_portal(world.env.store, read_catalogue(records), dry_run=False)
    assert again.changes == ()


async def test_papers_named_in_hindi_or_nearly_alike_have_keys_of_their_own_that_stay(world):
    papers = ["आधार कार्ड", "राशन कार्ड", "ID-proof", "ID Proof", {"name": "ID Proof", "required": False}, "x" * 200]
    for _ in range(2):
        await import_portal(world.env.store, read_catalogue([record(documents=papers)]), dry_run=False)
    after = await service(world)
    keys = {paper.name: paper.key for paper in after.documents}
    assert len(set(keys.values())) == len(keys) == 5
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", key) for key in keys.values())
    assert keys["ID Proof"] == "id-proof"  # as it was before, so that applications still name it
    assert all(paper.required for paper in after.documents)
    assert after.version == 2


async def test_that_no_paper_is_needed_is_another_thing_than_that_nobody_names_one(world):
    read = read_catalogue([record("ZZ01", documents=[]), record("ZZ02"), record("ES09", documents=[])])
    await import_portal(world.env.store, read, dry_run=False)
    said, unsaid, income = [await service(world, code) for code in ("ZZ01", "ZZ02", "ES09")]
    assert [one.documents_known for one in (said, unsaid, income)] == [True, False, True]
    lacking = {each.code for each in missing_facts([said, unsaid, income]) if "documents" in each.facts}
    assert lacking == {"ZZ02"}
    async with world.env.store.read_transaction() as tx:
        first, last = await versions_of(tx, "ES09")
    assert (first.needs_no_documents, len(first.documents) > 0) == (None, True)
    assert (last.needs_no_documents, last.documents) == (True, ())
    await import_portal(world.env.store, read_catalogue([record(documents=["ID Proof"])]), dry_run=False)
    assert (await service(world)).needs_no_documents is None


async def test_a_service_named_in_hindi_alone_has_a_slug(world):
    read = read_catalogue([record("ZZ01", nameEnglish="योग"), record("ZZ02", nameEnglish="कर")])
    imported = await import_portal(world.env.store, read, dry_run=False)
    assert imported.rejects == ()
    assert (await service(world, "ZZ01")).slug != (await service(world, "ZZ02")).slug


async def test_imports_at_once_make_the_versions_of_a_service_one_after_the_other(
    store, store_keyrings, store_clock, tmp_path
):
    async with bare_environment(store, store_keyrings, store_clock, tmp_path, SeededIds(store_clock, "imports")) as env:
        await import_catalogue(env, ROWS)
        charges = [51, 52, 53]
        await asyncio.gather(
            *(import_portal(store, read_catalogue([record(charge=one)]), dry_run=False) for one in charges)
        )
        async with store.read_transaction() as tx:
            present = await catalogue.service(tx, "ES09")
            versions = await versions_of(tx, "ES09")
    assert present is not None
    assert [each.version for each in versions] == [1, 2, 3, 4]
    assert versions[-1] == present
    assert sorted(each.fee_paise or 0 for each in versions[1:]) == [one * 100 for one in charges]


async def test_who_imported_what_is_in_the_audit_log(world):
    await import_portal(world.env.store, read_catalogue([record(charge=41)]), dry_run=False, by="account:root")
    async with world.env.store.read_transaction() as tx:
        found = select(audit.audit_lines_table).where(audit.audit_lines_table.c.action == "catalogue.import")
        last = (await tx.connection.execute(found.order_by(audit.audit_lines_table.c.id))).all()[-1]
    assert last.actor == "account:root"
    assert dict(last.detail) == {"source": "portal", "added": 0, "changed": 1, "rejects": 0}
    assert await wrong(world.env) == []
