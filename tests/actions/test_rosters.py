"""A school or camp files a roster: consents, results by row, filing that survives a stop, hand-over, who sees it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from actions import roster_filing
from actions.access import may_read, of_application
from actions.acting import Acting
from actions.bulk import BulkDecide, Item, ItemOutcome, bulk_decide
from actions.consent_ledger import recorded
from actions.consents import ChangeConsent, withdraw_consent
from actions.decide import Verdict
from actions.figures import Question, statistics
from actions.file_links import link_to
from actions.roster_adding import AddRows, add_rows, forget_unfiled, remove_row
from actions.roster_checks import Batch, row_problems
from actions.roster_consents import CodeUse, RecordConsent, ask_row_code, record_consent
from actions.roster_filing import FILE, file_roster
from actions.roster_hand_over import HandOverRow, hand_over_row
from actions.rosters import OpenRoster, RowFilter, count_rows, open_roster, progress_of, roster_of, rosters_page
from actions.rosters import rows_page as page_of
from actions.seed_people import citizen_subject
from actions.submit_checks import open_service
from domain.applications import Channel, DeliveryMode
from domain.assurance import Assurance
from domain.centres import CentreKind
from domain.clock import ist_date
from domain.consents import ConsentPurpose, ConsentStatus
from domain.dashboards import Dimension
from domain.desk import QueueFilter
from domain.errors import ErrorCode, Problems
from domain.lifecycle import Status
from domain.messages import message
from domain.people import Role
from domain.roster_rows import read_row
from domain.rosters import DRAFT_DAYS, MOST_ROWS, ConsentWay, Recipient, RosterState, RowOutcome, RowState
from domain.text import Language
from store import accesses, applications, audit, desk_queue, outbox, people, roster_rows, strengths, uploads
from store import centres as roster_centres
from store.personal import erase
from tests.support.actions import FREE, INCOME
from tests.support.camps import (
    CAMP,
    NEXT_CAMP,
    SCHOOL,
    added,
    approved,
    camps_of,
    child,
    deliver,
    filed,
    moved_to,
    opened,
    place_of,
    rows_now,
    signed_in,
    signed_paper,
)


@pytest.fixture
async def camps(world):
    return await camps_of(world.env)


async def refusal(call) -> ErrorCode:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.code


def told(result, language=Language.EN) -> list[tuple[str, str]]:
    """The field and the words of each problem of a row."""
    return [(".".join(one.path[3:]), message(one.code, language, one.params, one.texts)) for one in result.problems]


async def applications_of(env) -> list:
    async with env.store.reading() as tx:
        rows = (await tx.connection.execute(select(applications.applications_table.c.id))).scalars().all()
        return list((await applications.many(tx, rows)).values())


async def a_filed_roster(camps, many: int = 2):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, *(child(number, consent_paper=paper) for number in range(1, many + 1)))
    await filed(camps, roster)
    return roster, await rows_now(camps.env, roster)


async def test_a_principal_signs_in_for_her_school_and_a_camp_officer_for_her_camps(world, camps):
    assert (camps.principal.roles, camps.principal.places) == ({Role.PRINCIPAL}, {SCHOOL})
    assert (camps.officer.roles, camps.officer.places) == ({Role.CAMP_OFFICER}, {CAMP})

    await moved_to(camps.env, "C-1", NEXT_CAMP)
    await moved_to(camps.env, "P-1", "05010100102")

    assert (await signed_in(camps.env, "C-1")).places == {CAMP, NEXT_CAMP}
    assert await place_of(camps.env, camps.principal.person_id or "") == ["05010100102"]


async def test_rows_with_a_signed_paper_are_ready_and_the_others_wait_for_a_consent(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)

    first, second = await added(camps, roster, child(1, consent_paper=paper), child(2))

    assert [first.outcome, second.outcome] == [RowOutcome.ADDED, RowOutcome.ADDED]
    assert (first.row.state, second.row.state) == (RowState.READY, RowState.CONSENT_MISSING)
    assert first.row.consent.way is ConsentWay.SIGNED_PAPER


async def test_a_wrong_row_names_field_and_remedy_in_the_asked_language_and_the_others_go_on(camps):
    roster = await opened(camps)

    wrong, right = await added(
        camps, roster, child(1, name="7", born_on="31-02-2010", relation="UNCLE", mobile="12"), child(2)
    )

    assert (wrong.outcome, right.outcome) == (RowOutcome.REFUSED, RowOutcome.ADDED)
    assert told(wrong) == [
        ("name", "Name: write the whole name on one line, without numbers."),
        ("bornOn", "Date of birth: write a date as DD-MM-YYYY."),
        ("relation", "Relation: write FATHER, MOTHER or GUARDIAN; SELF only from 18 years of age."),
        ("mobile", "Mobile: write an Indian mobile number of ten digits."),
    ]
    assert told(wrong, Language.HI)[1] == ("bornOn", "जन्म तिथि: तिथि DD-MM-YYYY के रूप में लिखें।")
    assert {one.path[:3] for one in wrong.problems} == {("input", "rows", "0")}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"relation": "SELF"}, "relation"),
        ({"guardian": ""}, "guardian"),
        ({"reference": "9999 4105 7058"}, "reference"),
        ({"name": "Asha 999941057058"}, "name"),
        ({"born_on": "2031-01-01"}, "bornOn"),
    ],
)
async def test_a_child_needs_a_guardian_and_no_aadhaar_number_is_taken(camps, changes, field):
    roster = await opened(camps)
    [result] = await added(camps, roster, child(1, **changes))
    assert [place for place, _ in told(result)] == [field]


async def test_somebody_of_age_speaks_for_herself(camps):
    roster = await opened(camps)
    [result] = await added(camps, roster, child(1, born_on="1990-01-01", relation="SELF", guardian=""))
    assert result.row.person.guardian == "Child A"


async def test_required_papers_and_unknown_files_are_told_at_the_row(camps):
    roster = await opened(camps, service=INCOME)
    [result] = await added(camps, roster, child(1, documents={"id-proof": "0" * 64}, consent_paper="f" * 64))

    codes = {problem.code for problem in result.problems}
    assert codes >= {ErrorCode.DOCUMENT_MISSING, ErrorCode.UPLOAD_UNKNOWN}
    assert ("consentPaper" in [".".join(one.path[3:]) for one in result.problems]) is True


async def test_the_same_rows_again_change_nothing_and_a_corrected_one_is_changed(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, child(1, consent_paper=paper), child(2))

    again = await added(camps, roster, child(1, consent_paper=paper), child(2, guardian="Kamla Devi"), key="again")

    assert [one.outcome for one in again] == [RowOutcome.UNCHANGED, RowOutcome.CHANGED]
    assert len(await rows_now(camps.env, roster)) == 2


async def test_another_name_under_a_reference_needs_the_consent_anew(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, child(1, consent_paper=paper))
    [changed] = await added(camps, roster, child(1, name="Somebody Else"), key="other")
    assert changed.row.state is RowState.CONSENT_MISSING


async def test_twins_are_found_within_a_batch_and_within_the_roster(camps):
    roster = await opened(camps)
    _, same_reference = await added(camps, roster, child(1), child(1, name="Another Child"))
    [same_person] = await added(camps, roster, child(1, reference="A-99"), key="second")

    assert [one.problems[0].code for one in (same_reference, same_person)] == [ErrorCode.ROW_TWICE] * 2
    assert len(await rows_now(camps.env, roster)) == 1


async def test_a_child_whose_application_is_open_is_not_added_to_the_next_roster(camps):
    _, rows = await a_filed_roster(camps)
    again = await opened(camps, key="next")

    [result] = await added(camps, again, child(1), key="next rows")

    assert result.problems[0].code is ErrorCode.ALREADY_APPLIED
    async with camps.env.store.reading() as tx:
        application = await applications.get(tx, rows[0].application_id)
    assert result.problems[0].params == {"number": application.number}


async def test_what_another_school_filed_is_not_told_before_the_guardian_consents_and_refuses_the_filing(camps):
    await a_filed_roster(camps)
    roster = await opened(camps, camps.other, key="other")
    [result] = await added(camps, roster, child(1), subject=camps.other, key="other rows")
    assert result.outcome is RowOutcome.ADDED

    paper = await signed_paper(camps, subject=camps.other)
    await record_consent(camps.env, camps.other, RecordConsent(result.row.id, "c", paper=paper))
    await filed(camps, roster, subject=camps.other, key="other file")

    [row] = await rows_now(camps.env, roster)
    assert (row.state, row.problems[0].code) == (RowState.REFUSED, ErrorCode.ALREADY_APPLIED)


async def test_a_full_roster_says_how_many_rows_it_takes(camps):
    roster = await opened(camps)
    person, _ = read_row(child(1), ist_date(camps.env.clock.now()))
    async with camps.env.store.writing() as tx:
        service = await open_service(tx, FREE)
        batch = Batch(roster, service, None, {}, room=0)
        [full] = await row_problems(Acting(camps.env, tx, camps.principal), batch, person, child(1))

    assert message(full.code, Language.EN, full.params) == (
        f"A roster takes at most {MOST_ROWS} rows; begin another one for the rest."
    )
    none, many = AddRows(roster.number, (), "none"), AddRows(roster.number, (child(1),) * 51, "many")
    assert await refusal(add_rows(camps.env, camps.principal, none)) is ErrorCode.BAD_INPUT
    assert await refusal(add_rows(camps.env, camps.principal, many)) is ErrorCode.BAD_INPUT


async def test_the_guardians_code_is_a_consent_of_more_strength_and_a_wrong_one_is_counted(camps):
    roster = await opened(camps)
    [result] = await added(camps, roster, child(1))
    await ask_row_code(camps.env, camps.principal, result.row.id, CodeUse.CONSENT, "ask")
    await deliver(camps.env, "code.send")
    assert camps.phones.sent[-1][0] == "9811100001"

    wrong = RecordConsent(result.row.id, "wrong", code="000000")
    assert await refusal(record_consent(camps.env, camps.principal, wrong)) is ErrorCode.OTP_WRONG
    right = RecordConsent(result.row.id, "right", code=camps.phones.code())
    row, _ = await record_consent(camps.env, camps.principal, right)
    assert (row.state, row.consent.way) == (RowState.READY, ConsentWay.OTP)

    await filed(camps, roster)
    [row] = await rows_now(camps.env, roster)
    async with camps.env.store.reading() as tx:
        noted = (await strengths.applied_with(tx, [row.application_id]))[row.application_id]
        [citizen] = (await people.citizens(tx, [row.citizen_id])).values()
    assert noted.assurance is Assurance.SUBSTANTIAL
    assert citizen.mobile == "9811100001"


async def test_filing_makes_one_application_for_each_row_by_the_same_rules_in_the_channel_of_the_school(camps):
    roster, rows = await a_filed_roster(camps)

    found = await applications_of(camps.env)
    assert {one.id for one in found} == {row.application_id for row in rows}
    assert {(one.channel, one.delivery, one.status) for one in found} == {
        (Channel.SCHOOL, DeliveryMode.COUNTER, Status.IN_SCRUTINY)
    }
    assert {one.operator_id for one in found} == {camps.principal.person_id}
    assert all(one.due_at is not None and one.acknowledgement for one in found)
    async with camps.env.store.reading() as tx:
        [consent] = await recorded(tx, rows[0].citizen_id)
    assert (consent.purpose, consent.status(camps.env.clock.now())) == (ConsentPurpose.ROSTER, ConsentStatus.GIVEN)
    assert consent.scope == (f"centre/{SCHOOL}", f"service/{FREE}")
    assert consent.records[0].artefact["guardian"] == "Bachan Singh"
    now = await roster_of(camps.env, camps.principal, roster.number)
    assert (now.state, now.kind, now.filed_at is not None) == (RosterState.FILED, CentreKind.SCHOOL, True)


async def test_figures_count_it_as_school_or_camp(camps):
    await a_filed_roster(camps)
    today = ist_date(camps.env.clock.now())
    answer = await statistics(
        camps.env,
        replace(camps.principal, roles=frozenset({Role.SYSTEM})),
        Question(today.replace(day=1), today, group_by=(Dimension.CHANNEL,)),
    )
    counted = {row.place[Dimension.CHANNEL]: row.figures.received for row in answer.rows if row.figures}
    assert counted["SCHOOL_OR_CAMP"] == 2


async def test_a_row_without_a_consent_is_not_filed_and_says_so(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, child(1, consent_paper=paper), child(2))
    await filed(camps, roster)

    first, second = await rows_now(camps.env, roster)
    assert (first.state, second.state) == (RowState.FILED, RowState.CONSENT_MISSING)
    assert second.problems[0].code is ErrorCode.CONSENT_REQUIRED
    assert await refusal(file_roster(camps.env, camps.principal, roster.number, "again")) is ErrorCode.CONSENT_REQUIRED


async def test_a_refused_row_is_corrected_and_filed_alone(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, child(1, consent_paper=paper), child(2, consent_paper=paper))
    async with camps.env.store.writing() as tx:
        [row] = await roster_rows.next_ready(tx, roster.id, 1)
        gone = replace(row, person=replace(row.person, documents={"no-such-paper": "a" * 64}))
        await roster_rows.save(tx, gone)
    await filed(camps, roster)
    first, second = await rows_now(camps.env, roster)
    assert (first.state, second.state) == (RowState.REFUSED, RowState.FILED)
    assert first.problems[0].code is ErrorCode.DOCUMENT_UNKNOWN

    [fixed] = await added(camps, roster, child(1, consent_paper=paper), key="fixed")
    await filed(camps, roster, key="file again")

    assert fixed.outcome is RowOutcome.CHANGED
    assert {row.state for row in await rows_now(camps.env, roster)} == {RowState.FILED}
    assert len(await applications_of(camps.env)) == 2


async def test_a_worker_that_stops_between_rows_files_the_rest_later_and_none_twice(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, *(child(number, consent_paper=paper) for number in range(1, 6)))
    roster, _ = await file_roster(camps.env, camps.principal, roster.number, "file")
    rows = await rows_now(camps.env, roster)
    for row in rows[:2]:  # then the process is gone, before the message was noted as delivered
        await roster_filing.file_row(camps.env, roster, row)
    await roster_filing.file_row(camps.env, roster, rows[0])  # what another worker had read before

    half = (await progress_of(camps.env, [roster.id]))[roster.id]
    assert (half.by_state, half.total) == ({RowState.FILED: 2, RowState.READY: 3}, 5)
    await deliver(camps.env, FILE)
    payload = {"roster_id": roster.id, "round": "1"}
    await roster_filing.file_some(camps.env, payload)  # the same message once more

    after = await rows_now(camps.env, roster)
    assert {row.state for row in after} == {RowState.FILED}
    assert len({row.application_id for row in after}) == len(await applications_of(camps.env)) == 5


async def test_a_long_roster_goes_on_message_by_message(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    children = [
        child(1, reference=f"A-{n}", name=f"Child Number {chr(65 + n)}", consent_paper=paper) for n in range(25)
    ]
    await added(camps, roster, *children)
    await file_roster(camps.env, camps.principal, roster.number, "file")
    assert await refusal(file_roster(camps.env, camps.principal, roster.number, "twice")) is ErrorCode.STEP_NOT_ALLOWED
    assert await refusal(add_rows(camps.env, camps.principal, AddRows(roster.number, (child(9),), "late"))) is (
        ErrorCode.STEP_NOT_ALLOWED
    )

    assert await deliver(camps.env, FILE) == 2
    assert len(await applications_of(camps.env)) == 25


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


async def test_officers_approve_the_rows_of_a_roster_together_with_one_result_each(world, camps):
    roster, rows = await a_filed_roster(camps, 3)
    other = await world.submit(world.asha, FREE)
    async with camps.env.store.reading() as tx:
        wanted = QueueFilter(roster=roster.number)
        queue = await desk_queue.page(tx, world.registrar.person_id, world.registrar.postings, wanted, limit=50)
    assert {one.id for one in queue} == {row.application_id for row in rows}
    assert other.id not in {one.id for one in queue}

    items = (*(Item(one.id) for one in queue), Item("01930000-0000-7000-8000-0000000fffff"))
    results = await bulk_decide(camps.env, world.registrar, BulkDecide(items, Verdict.APPROVE, "all"))

    assert [one.outcome for one in results] == [ItemOutcome.DONE] * 3 + [ItemOutcome.REFUSED]


async def handed_over_by(camps, row, **proof):
    request = HandOverRow(row.id, proof.pop("recipient", Recipient.GUARDIAN), proof.pop("key", "over"), **proof)
    return await hand_over_row(camps.env, proof.pop("subject", camps.principal), request)


async def test_a_paper_is_handed_over_by_a_code_and_the_application_is_delivered(world, camps):
    roster, rows = await a_filed_roster(camps)
    assert (
        await refusal(ask_row_code(camps.env, camps.principal, rows[0].id, CodeUse.HAND_OVER, "early"))
        is ErrorCode.STEP_NOT_ALLOWED
    )
    await approved(camps.env, world.registrar, rows[0].application_id)
    waiting = await page_of(
        camps.env, camps.principal, roster, RowFilter(awaiting=True), place=None, backward=False, limit=10
    )
    assert [row.id for row in waiting] == [rows[0].id]

    await ask_row_code(camps.env, camps.principal, rows[0].id, CodeUse.HAND_OVER, "ask")
    await deliver(camps.env, "code.send")
    assert await refusal(handed_over_by(camps, rows[0], code="000000", key="wrong")) is ErrorCode.OTP_WRONG
    row, _ = await handed_over_by(camps, rows[0], code=camps.phones.code())

    assert (row.acknowledgement.recipient, row.acknowledgement.operator_id) == (
        Recipient.GUARDIAN,
        camps.principal.person_id,
    )
    async with camps.env.store.reading() as tx:
        application = await applications.get(tx, row.application_id)
        last = (await applications.timelines(tx, [application.id]))[application.id][-1]
    assert (application.status, last.actor_role) == (Status.DELIVERED, "PRINCIPAL")
    over = (await progress_of(camps.env, [roster.id]))[roster.id]
    assert (over.waiting, over.handed_over) == (0, 1)
    assert await refusal(handed_over_by(camps, rows[0], paper="a" * 64, key="twice")) is ErrorCode.STEP_NOT_ALLOWED


async def test_a_signed_receipt_proves_a_hand_over_and_goes_with_the_citizen(world, camps):
    _, rows = await a_filed_roster(camps)
    await approved(camps.env, world.registrar, rows[0].application_id)
    assert await refusal(handed_over_by(camps, rows[0], key="nothing")) is ErrorCode.PROOF_MISSING

    receipt = await signed_paper(camps, "receipt")
    await handed_over_by(camps, rows[0], paper=receipt)

    async with camps.env.store.reading() as tx:
        [upload] = await uploads.of_content(tx, receipt)
    assert upload.citizen_id == rows[0].citizen_id


async def test_a_consent_that_was_taken_back_ends_the_hand_over(world, camps):
    _, rows = await a_filed_roster(camps)
    await approved(camps.env, world.registrar, rows[0].application_id)
    await withdraw_consent(camps.env, citizen_subject(rows[0].citizen_id), ChangeConsent(ConsentPurpose.ROSTER, "no"))

    receipt = await signed_paper(camps, "receipt")
    assert await refusal(handed_over_by(camps, rows[0], paper=receipt)) is ErrorCode.CONSENT_REQUIRED


async def test_a_principal_sees_her_own_school_and_nobody_else_sees_the_children(world, camps):
    roster, rows = await a_filed_roster(camps)
    everybody = RowFilter()

    for stranger in (camps.other, camps.officer, world.operator, world.asha, world.elsewhere):
        assert await refusal(roster_of(camps.env, stranger, roster.number)) is ErrorCode.NOT_FOUND
        assert await refusal(remove_row(camps.env, stranger, rows[0].id, "no")) is ErrorCode.NOT_FOUND
        assert await refusal(file_roster(camps.env, stranger, roster.number, "no")) is ErrorCode.NOT_FOUND
        assert await refusal(count_rows(camps.env, stranger, roster, everybody)) is ErrorCode.NOT_FOUND
        assert await link_to(camps.env, stranger, rows[0].consent.paper_sha256) is None
    assert (await roster_of(camps.env, world.registrar, roster.number)).id == roster.id
    assert await refusal(count_rows(camps.env, world.registrar, roster, everybody)) is ErrorCode.NOT_FOUND
    assert await link_to(camps.env, world.registrar, rows[0].consent.paper_sha256) is None
    [listed] = await rosters_page(camps.env, world.registrar, place=None, backward=False, limit=5)
    assert listed.number == roster.number
    async with camps.env.store.reading() as tx:
        application = await applications.get(tx, rows[0].application_id)
    assert await may_read(camps.env, camps.principal, of_application(application)) is None


async def test_a_read_of_the_rows_leaves_receipts_that_the_person_sees(camps):
    roster, rows = await a_filed_roster(camps)
    await page_of(camps.env, camps.principal, roster, RowFilter(), place=None, backward=False, limit=10)
    async with camps.env.store.reading() as tx:
        receipts = await accesses.of_citizen(tx, rows[0].citizen_id, 20)
    assert ("PRINCIPAL", "ROSTER_ROW", "VIEW") in {(one.role, one.object_kind, one.purpose) for one in receipts}


async def test_every_step_is_in_the_audit_log(camps):
    await a_filed_roster(camps)
    async with camps.env.store.reading() as tx:
        actions = set((await tx.connection.execute(select(audit.audit_lines_table.c.action))).scalars())
    assert {"roster.open", "roster.add_rows", "roster.file", "roster.file_row", "roster.filed"} <= actions


async def test_erasing_a_citizen_empties_her_row_and_frees_her_paper(camps):
    roster, rows = await a_filed_roster(camps)
    async with camps.env.store.writing() as tx:
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


async def test_the_same_key_gives_the_first_answer(camps):
    roster = await opened(camps)
    request = AddRows(roster.number, (child(1), child(2, name="")), "once")
    first, replayed = await add_rows(camps.env, camps.principal, request)
    again, repeated = await add_rows(camps.env, camps.principal, request)

    assert (replayed, repeated) == (False, True)
    assert [(one.outcome, one.problems) for one in first] == [(one.outcome, one.problems) for one in again]
    async with camps.env.store.reading() as tx:
        rows = (await tx.connection.execute(select(func.count()).select_from(outbox.outbox_table))).scalar_one()
    assert rows == 0


async def test_only_a_roster_comes_in_as_school_or_camp(world):
    application = await world.submit(replace(world.operator), FREE, channel=Channel.SCHOOL)
    assert application.channel is Channel.CSC


async def test_a_stopped_school_shuts_its_principal_out(world, camps):
    async with camps.env.store.writing() as tx:
        known = (await roster_centres.centres(tx, [SCHOOL]))[SCHOOL]
        await roster_centres.save_centres(tx, [replace(known, open=False)])
    assert await refusal(open_roster(camps.env, camps.principal, OpenRoster(FREE, "shut"))) is ErrorCode.CAMP_CLOSED
