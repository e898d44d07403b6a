"""Rosters of a school or camp: who keeps them, who sees them, and what becomes of their rows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.documents.file_links import link_to
from actions.kernel import may_read, of_application
from actions.rosters.adding import AddRows, add_rows, forget_unfiled, remove_row
from actions.rosters.roster_filing import file_roster
from actions.rosters.rosters import OpenRoster, RowFilter, open_roster, roster_of, rosters_of, rows_of, with_receipts
from domain.applications.applications import Channel
from domain.kernel import ErrorCode, Problems, Role
from domain.rosters.rosters import DRAFT_DAYS
from store.applications import applications
from store.catalogue import centres as roster_centres
from store.database import audit
from store.identity import accesses
from store.privacy.personal import erase
from tests.support.actions import FREE
from tests.support.camps import (
    CAMP,
    NEXT_CAMP,
    SCHOOL,
    a_filed_roster,
    added,
    applications_of,
    child,
    filed,
    moved_to,
    opened,
    place_of,
    rows_now,
    signed_in,
    signed_paper,
)
from tests.support.refusals import refusal


async def test_a_principal_signs_in_for_her_school_and_a_camp_officer_for_her_camps(world, camps):
    assert (camps.principal.roles, camps.principal.places) == ({Role.PRINCIPAL}, {SCHOOL})
    assert (camps.officer.roles, camps.officer.places) == ({Role.CAMP_OFFICER}, {CAMP})

    await moved_to(camps.env, "C-1", NEXT_CAMP)
    await moved_to(camps.env, "P-1", "05010100102")

    assert (await signed_in(camps.env, "C-1")).places == {CAMP, NEXT_CAMP}
    assert await place_of(camps.env, camps.principal.person_id or "") == ["05010100102"]


async def test_a_camp_takes_rows_on_its_days_and_some_after_and_its_officer_hands_over_later(camps):
    clock = camps.env.clock
    assert (
        await refusal(
            open_roster(camps.env, replace(camps.officer, places=frozenset({NEXT_CAMP})), OpenRoster(FREE, "early"))
        )
        is ErrorCode.CAMP_CLOSED
    )
    roster = await opened(camps, camps.officer)
    paper = await signed_paper(camps, subject=camps.officer)
    await added(camps, roster, child(1, consent_paper=paper), subject=camps.officer)
    await filed(camps, roster, subject=camps.officer)
    [application] = await applications_of(camps.env)
    assert application.channel is Channel.CAMP

    clock.advance(timedelta(days=8))
    assert (
        await refusal(add_rows(camps.env, camps.officer, AddRows(roster.number, (child(2),), "late")))
        is ErrorCode.CAMP_CLOSED
    )


async def test_a_principal_sees_her_own_school_and_nobody_else_sees_the_children(world, camps):
    roster, rows = await a_filed_roster(camps)
    everybody = RowFilter()

    for stranger in (camps.other, camps.officer, world.operator, world.asha, world.elsewhere):
        assert await refusal(roster_of(camps.env, stranger, roster.number)) is ErrorCode.NOT_FOUND
        assert await refusal(remove_row(camps.env, stranger, rows[0].id, "no")) is ErrorCode.NOT_FOUND
        assert await refusal(file_roster(camps.env, stranger, roster.number, "no")) is ErrorCode.NOT_FOUND
        with pytest.raises(Problems, match="NOT_FOUND"):
            rows_of(stranger, roster, everybody)
        assert await link_to(camps.env, stranger, rows[0].consent.paper_sha256) is None
    assert (await roster_of(camps.env, world.registrar, roster.number)).id == roster.id
    with pytest.raises(Problems, match="NOT_FOUND"):
        rows_of(world.registrar, roster, everybody)
    assert await link_to(camps.env, world.registrar, rows[0].consent.paper_sha256) is None
    async with camps.env.store.read_transaction() as tx:
        [listed] = await rosters_of(world.registrar).page(tx, limit=5)
        application = await applications.get(tx, rows[0].application_id)
    assert listed.number == roster.number
    assert await may_read(camps.env, camps.principal, of_application(application)) is None


async def test_a_read_of_the_rows_leaves_receipts_that_the_person_sees(camps):
    roster, rows = await a_filed_roster(camps)
    await with_receipts(camps.env, camps.principal, roster, rows)
    async with camps.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, rows[0].citizen_id, 20)
    assert ("PRINCIPAL", "ROSTER_ROW", "VIEW") in {(one.role, one.object_kind, one.purpose) for one in receipts}


async def test_every_step_is_in_the_audit_log(camps):
    await a_filed_roster(camps)
    async with camps.env.store.read_transaction() as tx:
        actions = set((await tx.connection.execute(select(audit.audit_lines_table.c.action))).scalars())
    assert {"roster.open", "roster.add_rows", "roster.file", "roster.file_row", "roster.filed"} <= actions


async def test_erasing_a_citizen_empties_her_row_and_frees_her_paper(camps):
    roster, rows = await a_filed_roster(camps)
    async with camps.env.store.write_transaction() as tx:
        changed = await erase(tx, rows[0].citizen_id)
    erased, other = await rows_now(camps.env, roster)

    assert changed["roster_rows"] == 1
    assert (erased.person.name, erased.person.mobile, erased.consent.paper_sha256) == ("(erased)", None, None)
    assert other.person.name == "Child B"


async def test_rows_that_nobody_filed_are_forgotten_in_time(camps):
    paper = await signed_paper(camps)
    roster, rows = await a_filed_roster(camps)
    await added(camps, roster, child(7, consent_paper=paper), key="left over")
    camps.env.clock.advance(timedelta(days=DRAFT_DAYS + 1))

    assert await forget_unfiled(camps.env) == 1
    assert {row.id for row in await rows_now(camps.env, roster)} == {row.id for row in rows}


async def test_a_row_that_is_not_filed_is_taken_off_and_one_that_is_stays(camps):
    roster, rows = await a_filed_roster(camps)
    [extra] = await added(camps, roster, child(8), key="extra")
    assert await remove_row(camps.env, camps.principal, extra.row.id, "off") == (True, False)
    assert await refusal(remove_row(camps.env, camps.principal, rows[0].id, "no")) is ErrorCode.STEP_NOT_ALLOWED


async def test_only_a_roster_comes_in_as_school_or_camp(world):
    application = await world.submit(replace(world.operator), FREE, channel=Channel.SCHOOL)
    assert application.channel is Channel.CSC


async def test_a_stopped_school_shuts_its_principal_out(world, camps):
    async with camps.env.store.write_transaction() as tx:
        known = (await roster_centres.centres(tx, [SCHOOL]))[SCHOOL]
        await roster_centres.save_centres(tx, [replace(known, open=False)])
    assert await refusal(open_roster(camps.env, camps.principal, OpenRoster(FREE, "shut"))) is ErrorCode.CAMP_CLOSED
