"""What a citizen may appeal against by hand, beside a refusal and a breach; and until when."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from actions.appeals.appeals import AppealVerdict, choose_auto_appeal
from actions.appeals.compliance import ReportCompliance, report_compliance
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.certificates.certificate_endings import EndCertificate, revoke_certificate
from actions.certificates.issue import issue_certificate
from domain.appeals.appeals import Appeal, AppealGround, AppealLevel, AppealOrigin, AppealState
from domain.applications.applications import Application, RejectionGround
from domain.applications.deadline import breaches_at, end_of_day
from domain.applications.lifecycle import Status
from domain.certificates.certificates import EndGround
from domain.kernel import ErrorCode, Problem, Problems, ist_date
from store.applications.application_rows import applications_table
from store.catalogue import catalogue
from store.certificates import certificates
from tests.support.actions import FREE, FakeRenderer, World
from tests.support.files import hand_in
from tests.support.law import (
    appealed,
    appeals_of,
    authorities,
    events_of,
    ordered,
    overdue,
    pass_days,
    present,
    refused,
)
from tests.support.worlds import wrong

G = AppealGround


async def refusal(call) -> Problem:
    with pytest.raises(Problems) as caught:
        await call
    return caught.value.problems[0]


async def issued(world: World, case: Application) -> Application:
    await decide_application(world.env, world.registrar, Decide(case.id, Verdict.APPROVE, f"yes-{case.id}"))
    await issue_certificate(world.env, case.id, FakeRenderer())
    return await present(world.env, case.id)


async def delivered(world: World) -> Application:
    return await issued(world, await world.submit(world.asha))


def soon(world: World, days: int = 7):
    return ist_date(world.clock.now()) + timedelta(days=days)


@pytest.mark.parametrize("ground", [G.NOT_SATISFIED, G.CLOSED_WITHOUT_SERVICE])
async def test_a_closed_case_is_appealed_within_thirty_days_of_its_delivery_and_not_later(world: World, ground):
    case = await delivered(world)
    assert case.status is Status.DELIVERED
    pass_days(world, 30)
    in_time = await appealed(world, case, ground=ground)
    assert (in_time.ground, in_time.level, in_time.origin) == (ground, AppealLevel.FIRST, AppealOrigin.CITIZEN)
    other = next(one for one in (G.NOT_SATISFIED, G.CLOSED_WITHOUT_SERVICE) if one is not ground)
    pass_days(world, 1)
    late = await refusal(appealed(world, case, "late", ground=other, late_reason="I was in hospital."))
    assert (late.code, late.params["days"]) == (ErrorCode.APPEAL_TOO_LATE, "30")


async def revoked(world: World, case: Application) -> None:
    """The officer revokes the certificate of a case."""
    certificate = (await world.env.store.read(lambda tx: certificates.of_applications(tx, [case.id])))[case.id]
    ending = EndCertificate(certificate.id, EndGround.FORGED_PAPERS, "The papers were forged.", "revoke")
    await revoke_certificate(world.env, world.registrar, ending)


async def test_a_revocation_is_appealed_within_thirty_days_of_it_however_long_ago_the_delivery_was(world: World):
    case = await delivered(world)
    pass_days(world, 400)
    assert (await refusal(appealed(world, case, "before"))).code is ErrorCode.APPEAL_TOO_LATE
    await revoked(world, case)
    pass_days(world, 30)

    appeal = await appealed(world, case)

    assert (appeal.ground, appeal.level) == (G.NOT_SATISFIED, AppealLevel.FIRST)


async def test_after_thirty_days_an_appeal_against_a_revocation_needs_a_reason_as_against_a_refusal(world: World):
    case = await delivered(world)
    await revoked(world, case)
    pass_days(world, 31)

    late = await refusal(appealed(world, case))
    appeal = await appealed(world, case, "late", late_reason="I was in hospital.")

    assert (late.code, late.path) == (ErrorCode.APPEAL_TOO_LATE, ("input", "lateReason"))
    assert appeal.late_reason == "I was in hospital."


async def test_the_ground_is_not_satisfied_where_none_is_named_and_only_what_the_case_gives_is_taken(world: World):
    case = await delivered(world)
    for foreign in (G.REJECTED, G.TIME_LIMIT_BREACHED, G.DO_IGNORED_ORDER):
        problem = await refusal(appealed(world, case, f"no-{foreign}", ground=foreign))
        assert (problem.code, problem.path) == (ErrorCode.NOT_APPEALABLE, ("input", "ground"))
    assert (await appealed(world, case)).ground is G.NOT_SATISFIED
    rejected = await refused(world, idempotency_key="second")
    assert (await refusal(appealed(world, rejected, "x", ground=G.NOT_SATISFIED))).code is ErrorCode.NOT_APPEALABLE


async def test_what_was_returned_as_incomplete_is_closed_without_service(world: World):
    case = await world.submit(world.asha)
    request = Decide(
        case.id, Verdict.RETURN_AS_INCOMPLETE, "back", ground=RejectionGround.FORM_INCOMPLETE, reason="Page 2 is empty."
    )
    await decide_application(world.env, world.registrar, request)
    pass_days(world, 31)
    late = await refusal(appealed(world, case))
    assert (late.code, late.path) == (ErrorCode.APPEAL_TOO_LATE, ("input", "lateReason"))
    appeal = await appealed(world, case, "late", late_reason="I was in hospital.")
    assert (appeal.ground, appeal.late_reason) == (G.CLOSED_WITHOUT_SERVICE, "I was in hospital.")


async def test_an_order_on_a_delivered_service_is_obeyed_by_a_report_that_the_citizen_reads(world: World):
    courts = await authorities(world)
    case = await delivered(world)
    appeal = await appealed(world, case)
    directed = await ordered(world, courts.bdo, appeal, AppealVerdict.DIRECT, direct_until=soon(world))
    assert (directed.state, (await present(world.env, case.id)).status) == (AppealState.DIRECTED, Status.DELIVERED)
    paper = await hand_in(world.env, world.registrar, "corrected")
    report = ReportCompliance(appeal.id, "The name was corrected in the register.", "c", paper=paper.reference)
    for stranger in (world.asha, world.sunil, world.elsewhere, courts.bdo):
        assert (await refusal(report_compliance(world.env, stranger, report))).code is ErrorCode.NOT_FOUND
    obeyed, _ = await report_compliance(world.env, world.registrar, report)
    assert obeyed.state is AppealState.CLOSED
    assert (await events_of(world.env, appeal.id))[-1].note == "The name was corrected in the register."
    pass_days(world, 20)
    assert (await sweep(world.env)).raised == 0
    again = await appealed(world, case, "still")
    assert (again.level, again.ground, again.previous_id) == (AppealLevel.SECOND, G.NOT_SATISFIED, appeal.id)
    assert await wrong(world.env) == []


async def test_an_order_on_a_delivered_service_that_is_ignored_goes_up_by_itself(world: World):
    courts = await authorities(world)
    case = await delivered(world)
    until = soon(world)
    await ordered(world, courts.bdo, await appealed(world, case), AppealVerdict.DIRECT, direct_until=until)
    world.clock.set(breaches_at(end_of_day(until)))
    assert (await sweep(world.env)).raised == 1
    assert [one.ground for one in await appeals_of(world.env, case.id)] == [G.NOT_SATISFIED, G.DO_IGNORED_ORDER]


async def test_a_service_that_is_still_to_be_given_is_not_reported_but_given(world: World):
    courts = await authorities(world)
    case = await refused(world)
    appeal = await appealed(world, case)
    await ordered(world, courts.bdo, appeal, AppealVerdict.DIRECT, direct_until=soon(world))
    report = ReportCompliance(appeal.id, "Done.", "c")
    assert (
        await refusal(report_compliance(world.env, world.registrar, report))
    ).code is ErrorCode.TRANSITION_NOT_ALLOWED


async def ignored(world: World, case: Application) -> Appeal:
    courts = await authorities(world)
    appeal = await appealed(world, case)
    until = soon(world)
    await ordered(world, courts.bdo, appeal, AppealVerdict.DIRECT, direct_until=until)
    before = await refusal(appealed(world, case, "early"))
    assert before.code is ErrorCode.ALREADY_APPEALED
    world.clock.set(breaches_at(end_of_day(until)))
    return appeal


@pytest.mark.parametrize("ground", [None, G.DO_IGNORED_ORDER])
async def test_she_may_say_herself_that_an_order_was_ignored_before_the_clock_does(world: World, ground):
    case = await refused(world)
    first = await ignored(world, case)
    second = await appealed(world, case, "ignored", ground=ground)
    assert (second.level, second.ground, second.origin, second.previous_id) == (
        AppealLevel.SECOND,
        G.DO_IGNORED_ORDER,
        AppealOrigin.CITIZEN,
        first.id,
    )
    assert (await sweep(world.env)).raised == 0
    assert [one.state for one in await appeals_of(world.env, case.id)] == [AppealState.LAPSED, AppealState.FILED]


async def test_who_wants_no_automatic_appeal_goes_on_by_hand_after_an_ignored_order(world: World):
    await choose_auto_appeal(world.env, world.asha, wanted=False, key="out")
    case = await refused(world)
    await ignored(world, case)
    await sweep(world.env)
    assert len(await appeals_of(world.env, case.id)) == 1
    pass_days(world, 61)
    assert (await refusal(appealed(world, case, "late"))).code is ErrorCode.APPEAL_TOO_LATE
    second = await appealed(world, case, "reason", late_reason="I was in hospital.")
    assert (second.level, second.ground) == (AppealLevel.SECOND, G.DO_IGNORED_ORDER)


async def test_a_late_delivery_can_still_be_appealed_for_its_delay(world: World):
    await choose_auto_appeal(world.env, world.asha, wanted=False, key="out")
    case = await issued(world, await overdue(world))
    appeal = await appealed(world, case, ground=G.TIME_LIMIT_BREACHED)
    assert (appeal.ground, appeal.state) == (G.TIME_LIMIT_BREACHED, AppealState.SERVICE_DELIVERED_LATE)


async def notify(world: World, notified: bool) -> None:
    async with world.env.store.write_transaction() as tx:
        service = await catalogue.service(tx, FREE)
        assert service is not None
        await catalogue.upsert_services(tx, [replace(service, rts_notified=notified)])


async def test_a_service_that_is_not_notified_has_no_appeal(world: World):
    await notify(world, False)
    case = await refused(world)
    assert (await refusal(appealed(world, case))).code is ErrorCode.NOT_APPEALABLE
    await notify(world, True)
    assert (await refusal(appealed(world, case))).code is ErrorCode.NOT_APPEALABLE


async def test_a_service_that_was_notified_when_it_was_filed_for_keeps_its_appeal(world: World):
    case = await refused(world)
    await notify(world, False)
    assert (await appealed(world, case)).ground is G.REJECTED


@pytest.mark.parametrize("then", [True, False])
async def test_by_hand_and_by_the_clock_a_breach_goes_by_the_rules_it_was_filed_under(world: World, then: bool):
    await authorities(world)
    await notify(world, then)
    case = await overdue(world)
    await notify(world, not then)
    assert (await sweep(world.env)).filed == int(then)
    code = ErrorCode.ALREADY_APPEALED if then else ErrorCode.NOT_APPEALABLE
    assert (await refusal(appealed(world, case, ground=G.TIME_LIMIT_BREACHED))).code is code


async def test_a_case_that_names_no_version_goes_by_the_first_one(world: World):
    await authorities(world)
    case = await overdue(world)
    async with world.env.store.write_transaction() as tx:
        await tx.connection.execute(update(applications_table).values(service_version=None))
    await notify(world, False)
    assert (await sweep(world.env)).filed == 1
    assert [one.ground for one in await appeals_of(world.env, case.id)] == [G.TIME_LIMIT_BREACHED]


@pytest.mark.parametrize("seconds", [-61, -1, 0, 1, 59])
async def test_a_delivery_in_the_minute_of_the_breach_counts_by_its_second(world: World, seconds: int):
    """Delivered up to the last second of the due date: no appeal, whenever the round comes; one second later: late."""
    await authorities(world)
    case = await world.submit(world.asha)
    assert case.due_at is not None
    world.clock.set(case.due_at + timedelta(seconds=seconds))
    await issued(world, case)
    for _ in range(2):
        world.clock.set(case.due_at + timedelta(minutes=2))
        await sweep(world.env)
    assert await appeals_of(world.env, case.id) == []
    if seconds > 0:
        late = await appealed(world, case, ground=G.TIME_LIMIT_BREACHED)
        assert late.breached_on == ist_date(case.due_at) + timedelta(days=1)
    else:
        problem = await refusal(appealed(world, case, ground=G.TIME_LIMIT_BREACHED))
        assert problem.code is ErrorCode.NOT_APPEALABLE
