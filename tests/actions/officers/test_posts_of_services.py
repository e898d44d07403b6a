"""A post for single services: who gets its cases, what its officer sees and decides, and how it is entered."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.appeals.delays import reasons_of
from actions.applications.decide import Decide, Verdict, decide_application
from actions.certificates.issue import issue_certificate
from actions.feedback.grievances import (
    RaiseGrievance,
    ReplyToGrievance,
    escalate_overdue,
    raise_grievance,
    reply_to_grievance,
)
from actions.kernel import may_read, of_certificate
from actions.officers.forward import forward_targets
from actions.officers.staffing import TransferOfficer, transfer_officer
from actions.platform.change_feed import queue_row
from actions.platform.changes import queue_postings
from domain.appeals.delays import DelayCause, DelayReason, ReasonFilter
from domain.feedback.grievances import GrievanceCategory, GrievanceState
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, OfficerLevel, Posting, Problems, Role, Subject
from domain.officers.desk import QueueFilter, QueueSort
from store.appeals import delays
from store.catalogue import catalogue
from store.identity import people
from store.officers import desk_queue, posts
from tests.support.actions import FREE, INCOME, FakeRenderer, World
from tests.support.law import DEPARTMENT, MONDAY, appealed, authorities, enter_officer, present, refused
from tests.support.staffing import OURS, transferred

FAMILY = "ES11"
"""Another service of the department of FREE."""
DESIGNATED, FIRST = OfficerLevel.DESIGNATED, OfficerLevel.FIRST_APPELLATE
OF_FAMILIES = Posting(Role.OFFICER, DEPARTMENT, "49", None, DESIGNATED, (FAMILY,))


@pytest.fixture(autouse=True)
async def family_needs_no_papers(world: World) -> None:
    """The other service is applied for without papers and fee."""
    async with world.env.store.write_transaction() as tx:
        service = await catalogue.service(tx, FAMILY)
        assert service is not None
        plain = replace(service, documents=(), needs_no_documents=True, fee_paise=None, open=True)
        await catalogue.upsert_services(tx, [plain])


@pytest.fixture
async def clerk(world: World) -> Subject:
    """An officer of the registrar's district and department, for one of its services alone."""
    return await enter_officer(world.env, "clerk", OF_FAMILIES)


async def in_queue(world: World, officer: Subject) -> set[str]:
    postings = queue_postings(officer)
    async with world.env.store.read_transaction() as tx:
        page = await desk_queue.page(
            tx, officer.person_id or "", postings, QueueFilter(), sort=QueueSort.DUE, place=None, limit=9
        )
        count = await desk_queue.size(tx, officer.person_id or "", postings, QueueFilter())
    assert count == len(page)
    return {one.id for one in page}


async def test_a_case_goes_to_the_officer_whose_post_names_its_service(world: World, clerk: Subject):
    case = await world.submit(world.asha, FAMILY)

    assert case.officer_id == clerk.person_id


async def test_an_officer_of_the_state_who_is_named_for_a_service_comes_before_one_of_the_district(world: World):
    whole_state = await enter_officer(world.env, "state", replace(OF_FAMILIES, district=None))

    assert (await world.submit(world.asha, FAMILY)).officer_id == whole_state.person_id


async def test_a_case_of_another_service_goes_to_the_officer_of_the_department(world: World, clerk: Subject):
    case = await world.submit(world.asha, FREE)

    assert case.officer_id == world.registrar.person_id


async def test_the_queue_and_its_count_hold_the_cases_of_the_named_services_alone(world: World, clerk: Subject):
    hers, other = await world.submit(world.asha, FAMILY), await world.submit(world.sunil, FREE)

    assert await in_queue(world, clerk) == {hers.id}
    assert await in_queue(world, world.registrar) == {hers.id, other.id}


async def test_a_change_of_another_service_is_no_row_of_her_queue(world: World, clerk: Subject):
    hers, other = await world.submit(world.asha, FAMILY), await world.submit(world.sunil, FREE)

    assert (await queue_row(world.env, clerk, hers.id)) is not None
    assert (await queue_row(world.env, clerk, other.id)) is None


async def test_she_decides_on_a_case_of_her_service(world: World, clerk: Subject):
    case = await world.submit(world.asha, FAMILY)

    done, _ = await decide_application(world.env, clerk, Decide(case.id, Verdict.APPROVE, "yes"))

    assert done.decision is not None


async def test_a_case_of_another_service_is_absent_for_her(world: World, clerk: Subject):
    case = await world.submit(world.asha, FREE)

    assert await world.read(clerk, case.id) is None
    with pytest.raises(Problems) as caught:
        await decide_application(world.env, clerk, Decide(case.id, Verdict.APPROVE, "yes"))
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_a_certificate_is_of_the_service_of_its_application(world: World, clerk: Subject):
    other = await enter_officer(world.env, "other", replace(OF_FAMILIES, services=(FREE,)))
    case = await world.approved(world.asha, FREE, world.registrar)
    certificate = await issue_certificate(world.env, case.id, FakeRenderer())

    assert await may_read(world.env, other, of_certificate(certificate)) is Purpose.DECIDE
    assert await may_read(world.env, clerk, of_certificate(certificate)) is None


async def test_lists_of_what_names_an_application_hold_those_of_the_named_services(world: World):
    authority = await enter_officer(
        world.env, "named", Posting(Role.APPELLATE, DEPARTMENT, "49", None, FIRST, (FAMILY,))
    )
    cases = [await world.submit(world.asha, FAMILY), await world.submit(world.sunil, FREE)]
    month = MONDAY.replace(day=1)
    async with world.env.store.write_transaction() as tx:
        for case in cases:
            place = (case.department, case.district, case.tehsil)
            said = (DelayCause.STAFF_SHORTAGE, None, "registrar", world.clock.now())
            await delays.add(tx, DelayReason(f"reason-{case.id}", case.id, case.citizen_id, month, *place, *said))

        shown = await reasons_of(authority, ReasonFilter()).page(tx, limit=9)

    assert [one.application_id for one in shown] == [cases[0].id]


async def test_a_grievance_that_went_up_is_answered_by_the_authority_whose_post_names_its_service(world: World):
    named = Posting(Role.APPELLATE, DEPARTMENT, "49", None, FIRST, (FAMILY,))
    authority = await enter_officer(world.env, "named", named)
    case = await world.submit(world.asha, FAMILY)
    request = RaiseGrievance(case.id, GrievanceCategory.DELAY, "No answer.", "g")
    made, _ = await raise_grievance(world.env, world.asha, request)
    world.clock.advance(timedelta(days=32))
    await escalate_overdue(world.env)

    answered, _ = await reply_to_grievance(world.env, authority, ReplyToGrievance(made.id, "Sorry.", "r"))

    assert answered.state is GrievanceState.ANSWERED


async def test_nobody_of_another_service_is_offered_as_the_one_who_gets_a_forwarded_case(world: World, clerk: Subject):
    case = await world.submit(world.asha, FREE)
    other = await enter_officer(world.env, "other", replace(OF_FAMILIES, services=(FREE,)))

    targets = {one.id for one in await forward_targets(world.env, world.registrar, case.id)}

    assert targets == {other.person_id}


async def test_an_appeal_goes_to_the_authority_whose_post_names_the_service(world: World):
    courts = await authorities(world)
    named = await enter_officer(world.env, "named", Posting(Role.APPELLATE, DEPARTMENT, "49", None, FIRST, (FREE,)))

    appeal = await appealed(world, await refused(world))

    assert appeal.authority_id == named.person_id != courts.bdo.person_id


async def test_an_authority_of_another_service_cannot_read_the_case(world: World):
    elsewhere = await enter_officer(
        world.env, "named", Posting(Role.APPELLATE, DEPARTMENT, "49", None, FIRST, (FAMILY,))
    )
    case = await world.submit(world.asha, FREE)

    assert await world.read(elsewhere, case.id) is None


async def test_a_vacant_post_of_a_service_is_covered_for_this_service_alone(world: World, clerk: Subject):
    cover = await enter_officer(world.env, "cover", Posting(Role.OFFICER, "none-yet", None, None, DESIGNATED))
    await transferred(world.env, OURS, TransferOfficer(clerk.person_id or "", "t", cover_id=cover.person_id))

    async with world.env.store.read_transaction() as tx:
        found = [await posts.vacant_at(tx, DESIGNATED, (DEPARTMENT, "49", "304", code)) for code in (FAMILY, FREE)]

    assert [len(one) for one in found] == [1, 0]


async def test_cases_of_a_service_that_an_officer_no_longer_has_move_and_the_others_stay(world: World):
    both = await enter_officer(world.env, "both", replace(OF_FAMILIES, services=(FREE, FAMILY)))
    family, free = await world.submit(world.asha, FAMILY), await world.submit(world.sunil, FREE)
    request = TransferOfficer(both.person_id or "", "t", postings=(replace(OF_FAMILIES, services=(FREE,)),))

    await transferred(world.env, OURS, request)

    assert (await present(world.env, free.id)).officer_id == both.person_id
    assert (await present(world.env, family.id)).officer_id == world.registrar.person_id


async def test_a_transfer_takes_the_codes_of_services_as_they_are_typed(world: World, clerk: Subject):
    request = TransferOfficer(
        clerk.person_id or "", "t", postings=(replace(OF_FAMILIES, services=(f"{FAMILY}, {FREE}",)),)
    )

    await transferred(world.env, OURS, request)

    async with world.env.store.read_transaction() as tx:
        found = await people.officers(tx, [clerk.person_id or ""])
    assert found[clerk.person_id or ""].postings == (replace(OF_FAMILIES, services=(FAMILY, FREE)),)


@pytest.mark.parametrize(
    ("post", "code"),
    [
        (replace(OF_FAMILIES, services=(INCOME,)), ErrorCode.SERVICE_UNKNOWN),
        (replace(OF_FAMILIES, services=("NONE",)), ErrorCode.SERVICE_UNKNOWN),
        (Posting(Role.FINANCE_OFFICER, DEPARTMENT, services=(FAMILY,)), ErrorCode.BAD_INPUT),
    ],
)
async def test_a_post_with_services_that_are_not_its_own_is_refused(world: World, clerk: Subject, post, code):
    request = TransferOfficer(clerk.person_id or "", "t", postings=(post,))

    with pytest.raises(Problems) as caught:
        await transfer_officer(world.env, OURS, request)

    assert (caught.value.code, caught.value.problems[0].path[-1]) == (code, "services")
