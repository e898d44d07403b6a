"""A roster is filed by the worker, row by row, and the papers are decided on and handed over."""

from dataclasses import replace

from actions.applications.decide import Verdict
from actions.consents.consent_ledger import recorded_consents
from actions.consents.consents import ChangeConsent, withdraw_consent
from actions.officers.bulk import BulkDecide, Item, ItemOutcome, bulk_decide
from actions.rosters import roster_filing
from actions.rosters.adding import AddRows, add_rows
from actions.rosters.consents import CodeUse, RecordConsent, ask_row_code, record_consent
from actions.rosters.hand_over import HandOverRow, hand_over_row
from actions.rosters.roster_filing import FILE, file_roster
from actions.rosters.rosters import RowFilter, roster_of, rows_of
from actions.statistics.counts import Question
from actions.statistics.figures import statistics
from demo.seed.people import citizen_subject
from domain.applications.applications import Channel, DeliveryMode
from domain.applications.lifecycle import Status
from domain.catalogue.centres import CentreKind
from domain.consents.consents import ConsentPurpose, ConsentStatus
from domain.kernel import Assurance, ErrorCode, Role, ist_date
from domain.officers.dashboards import Dimension
from domain.officers.desk import QueueFilter
from domain.rosters.rosters import ConsentWay, Recipient, Roster, RosterProgress, RosterState, RowOutcome, RowState
from store.applications import applications, timeline
from store.identity import people, strengths
from store.officers import desk_queue
from store.rosters import roster_rows
from store.uploads import uploads
from tests.support.actions import FREE
from tests.support.camps import (
    SCHOOL,
    Camps,
    a_filed_roster,
    added,
    applications_of,
    approved,
    child,
    deliver,
    filed,
    opened,
    rows_now,
    signed_paper,
)
from tests.support.refusals import refusal


async def progress(camps: Camps, roster: Roster) -> RosterProgress:
    async with camps.env.store.read_transaction() as tx:
        return (await roster_rows.progress(tx, [roster.id]))[roster.id]


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
    async with camps.env.store.read_transaction() as tx:
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
    async with camps.env.store.read_transaction() as tx:
        [consent] = await recorded_consents(tx, rows[0].citizen_id)
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


async def test_where_nobody_consented_every_row_says_so_and_nothing_is_filed(camps):
    roster = await opened(camps)
    await added(camps, roster, child(1), child(2))
    assert await refusal(file_roster(camps.env, camps.principal, roster.number, "file")) is ErrorCode.CONSENT_REQUIRED
    for row in await rows_now(camps.env, roster):
        assert (row.state, [one.code for one in row.problems]) == (
            RowState.CONSENT_MISSING,
            [ErrorCode.CONSENT_REQUIRED],
        )
    assert await applications_of(camps.env) == []


async def test_a_refused_row_is_corrected_and_filed_alone(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, child(1, consent_paper=paper), child(2, consent_paper=paper))
    async with camps.env.store.write_transaction() as tx:
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

    half = await progress(camps, roster)
    assert (half.by_state, half.total) == ({RowState.FILED: 2, RowState.READY: 3}, 5)
    await deliver(camps.env, FILE)
    payload = {"roster_id": roster.id, "round": "1"}
    await roster_filing.file_some(camps.env, payload)  # the same message once more

    after = await rows_now(camps.env, roster)
    assert {row.state for row in after} == {RowState.FILED}
    assert len({row.application_id for row in after}) == len(await applications_of(camps.env)) == 5


async def test_a_row_that_a_slow_worker_comes_to_after_it_was_refused_is_filed_in_the_next_round(camps):
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, child(1, consent_paper=paper))
    roster, _ = await file_roster(camps.env, camps.principal, roster.number, "file")
    async with camps.env.store.write_transaction() as tx:
        [read] = await roster_rows.next_ready(tx, roster.id, 1)
        await roster_rows.save(tx, replace(read, state=RowState.REFUSED))
    await roster_filing.file_row(camps.env, roster, read)
    await deliver(camps.env, FILE)

    await filed(camps, roster, key="file again")
    assert [row.state for row in await rows_now(camps.env, roster)] == [RowState.FILED]


async def test_without_a_telephone_another_school_knows_nobody_by_her_guardians_name(camps):
    paper = await signed_paper(camps)
    first = await opened(camps)
    await added(camps, first, child(1, mobile=None, consent_paper=paper))
    await filed(camps, first)
    theirs = await signed_paper(camps, subject=camps.other)
    second = await opened(camps, camps.other, key="other")
    row = child(1, mobile=None, consent_paper=theirs)
    await added(camps, second, row, subject=camps.other, key="other rows")
    await filed(camps, second, subject=camps.other, key="other file")

    [here], [there] = await rows_now(camps.env, first), await rows_now(camps.env, second)
    assert (here.state, there.state) == (RowState.FILED, RowState.FILED)
    assert here.citizen_id != there.citizen_id


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


async def test_officers_approve_the_rows_of_a_roster_together_with_one_result_each(world, camps):
    roster, rows = await a_filed_roster(camps, 3)
    other = await world.submit(world.asha, FREE)
    async with camps.env.store.read_transaction() as tx:
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
    listed = rows_of(camps.principal, roster, RowFilter(awaiting=True))
    waiting = await camps.env.store.read(lambda tx: listed.page(tx, limit=10))
    assert [row.id for row in waiting] == [rows[0].id]

    await ask_row_code(camps.env, camps.principal, rows[0].id, CodeUse.HAND_OVER, "ask")
    await deliver(camps.env, "code.send")
    assert await refusal(handed_over_by(camps, rows[0], code="000000", key="wrong")) is ErrorCode.OTP_WRONG
    row, _ = await handed_over_by(camps, rows[0], code=camps.phones.code())

    assert (row.acknowledgement.recipient, row.acknowledgement.operator_id) == (
        Recipient.GUARDIAN,
        camps.principal.person_id,
    )
    async with camps.env.store.read_transaction() as tx:
        application = await applications.get(tx, row.application_id)
        last = (await timeline.timelines(tx, [application.id]))[application.id][-1]
    assert (application.status, last.actor_role) == (Status.DELIVERED, "PRINCIPAL")
    over = await progress(camps, roster)
    assert (over.waiting, over.handed_over) == (0, 1)
    assert await refusal(handed_over_by(camps, rows[0], paper="a" * 64, key="twice")) is ErrorCode.STEP_NOT_ALLOWED


async def test_a_signed_receipt_proves_a_hand_over_and_goes_with_the_citizen(world, camps):
    _, rows = await a_filed_roster(camps)
    await approved(camps.env, world.registrar, rows[0].application_id)
    assert await refusal(handed_over_by(camps, rows[0], key="nothing")) is ErrorCode.PROOF_MISSING
    consent = rows[0].consent.paper_sha256
    assert consent is not None
    assert await refusal(handed_over_by(camps, rows[0], paper=consent, key="old")) is ErrorCode.PROOF_MISSING

    receipt = await signed_paper(camps, "receipt")
    await handed_over_by(camps, rows[0], paper=receipt)

    async with camps.env.store.read_transaction() as tx:
        [upload] = await uploads.of_content(tx, receipt)
    assert upload.citizen_id == rows[0].citizen_id


async def test_a_consent_that_was_taken_back_ends_the_hand_over(world, camps):
    _, rows = await a_filed_roster(camps)
    await approved(camps.env, world.registrar, rows[0].application_id)
    await withdraw_consent(camps.env, citizen_subject(rows[0].citizen_id), ChangeConsent(ConsentPurpose.ROSTER, "no"))

    receipt = await signed_paper(camps, "receipt")
    assert await refusal(handed_over_by(camps, rows[0], paper=receipt)) is ErrorCode.CONSENT_REQUIRED
