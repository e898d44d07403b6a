"""What goes to a department's system arrives once, whatever is lost, and is followed until it is over."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actions.clearances.clearances import AskClearance, ask_clearance
from actions.connectors.sending import (
    SendToDepartment,
    SettleDepartmentCase,
    send_case,
    send_to_department,
    settle_department_case,
    uncertain_cases,
)
from actions.connectors.versions import roll_back
from actions.connectors.watching import ConnectorNotices, ask_about_cases
from actions.consents.consents import ChangeConsent, grant_consent, withdraw_consent
from actions.kernel import UnitOfWork
from domain.clearances import Clearance, ClearanceState
from domain.connectors import DepartmentCase, DepartmentCaseState, DepartmentStatus
from domain.consents.consents import ConsentPurpose
from domain.kernel import SYSTEM, ErrorCode, PersonKind, Posting, Problems, Role, Subject, ist_date
from integrations.calling.errors import NotLetIn, Unavailable
from store import clearances
from store.applications import applications
from store.connectors import cases, versions
from store.database import Transaction
from tests.support.actions import World
from tests.support.connectors import Connected, connect, put_in_force, shipped

POT_HOLE = (("category", "ROAD"), ("text", "गड्ढा"), ("place", "30.3165,78.0322"))
COMPLAINTS, TAKEN = "/open311/v2/requests.json", "complaint taken"
REVENUE = "revenue-department"
ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin", (Posting(Role.ADMIN),))
State = DepartmentCaseState


@pytest.fixture
async def city(world: World, tmp_path: Path) -> Connected:
    """The Smart City, which is in force, and Asha's consent for it."""
    await put_in_force(world, shipped("smart_city"))
    found = connect(world, tmp_path, "smart_city")["smart_city"]
    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.DEPARTMENT_SYSTEMS, "yes"))
    return found


async def queued(world: World, key: str = "1", inputs: Any = POT_HOLE, by: Subject | None = None) -> DepartmentCase:
    request = SendToDepartment("smart_city", "complain", key, inputs)
    return (await send_to_department(world.env, by or world.asha, request))[0]


async def present(world: World, case: DepartmentCase) -> DepartmentCase:
    async with world.env.store.read_transaction() as tx:
        return (await cases.get(tx, case.id)) or case


async def refused(work: Any) -> ErrorCode:
    with pytest.raises(Problems) as caught:
        await work
    return caught.value.code


async def test_a_complaint_waits_in_the_outbox_and_has_its_number_once_it_was_sent(world: World, city: Connected):
    case = await queued(world)
    waiting = await present(world, case)

    await send_case(world.env, case.id)

    sent = await present(world, case)
    assert (waiting.state, waiting.number) == (State.QUEUED, None)
    assert (sent.state, bool(sent.number)) == (State.SENT, True)
    assert city.effects().count(TAKEN) == 1


async def test_a_case_that_is_delivered_twice_is_sent_once(world: World, city: Connected):
    case = await queued(world)

    await send_case(world.env, case.id)
    await send_case(world.env, case.id)

    assert city.effects().count(TAKEN) == 1


async def test_a_write_whose_answer_was_lost_is_found_and_not_repeated(world: World, city: Connected):
    case = await queued(world)
    city.line.losing[COMPLAINTS] = 1

    await send_case(world.env, case.id)

    assert (await present(world, case)).state is State.SENT
    assert city.effects().count(TAKEN) == 1


async def test_after_a_crash_before_it_was_noted_the_write_is_enquired_first(world: World, city: Connected):
    case = await queued(world)
    await send_case(world.env, case.id)
    died = replace(case, tried_at=world.clock.now())
    await world.env.store.carry_out(lambda tx: cases.save(tx, died, State.SENT))

    await send_case(world.env, case.id)

    assert (await present(world, case)).state is State.SENT
    assert city.effects().count(TAKEN) == 1


async def test_an_enquiry_that_is_cut_at_its_limit_repeats_nothing_and_is_a_case_for_the_desk(
    world: World, city: Connected
):
    await put_in_force(world, shipped("smart_city").replace("version: 1", "version: 2").replace("1000}", "1}"))
    case = await queued(world)
    await send_case(world.env, (await queued(world, "another")).id)
    tried = replace(case, tried_at=world.clock.now())
    await world.env.store.carry_out(lambda tx: cases.save(tx, tried, State.QUEUED))

    await send_case(world.env, case.id)

    assert (await present(world, case)).state is State.UNCERTAIN
    assert city.effects().count(TAKEN) == 1
    assert [one.id for one in await uncertain_cases(world.env, ADMIN)] == [case.id]


async def test_what_a_department_says_of_an_uncertain_case_settles_it(world: World, city: Connected):
    case = await queued(world)
    doubtful = replace(case, state=State.UNCERTAIN)
    await world.env.store.carry_out(lambda tx: cases.save(tx, doubtful, State.QUEUED))

    await settle_department_case(world.env, ADMIN, SettleDepartmentCase(case.id, "settle", "260099"))

    settled = await present(world, case)
    assert (settled.state, settled.number) == (State.SENT, "260099")
    assert settled.next_at is not None  # it is followed as one whose answer came
    assert await uncertain_cases(world.env, ADMIN) == []


async def test_a_citizen_does_not_see_or_settle_the_desk(world: World, city: Connected):
    case = await queued(world)

    assert await refused(uncertain_cases(world.env, world.sunil)) is ErrorCode.NOT_FOUND
    settling = settle_department_case(world.env, world.sunil, SettleDepartmentCase(case.id, "settle", "1"))
    assert await refused(settling) is ErrorCode.NOT_FOUND


async def test_while_the_system_is_away_a_case_waits(world: World, tmp_path: Path, city: Connected):
    connect(world, tmp_path)
    case = await queued(world)

    with pytest.raises(Unavailable):
        await send_case(world.env, case.id)

    waiting = await present(world, case)
    assert (waiting.state, waiting.tried_at) == (State.QUEUED, None)


async def test_while_our_own_key_is_refused_a_case_waits_and_is_made_once_that_is_mended(world: World, city: Connected):
    case = await queued(world)
    city.line.locked = {COMPLAINTS}
    for _ in range(2):  # by the system, then by our own hold of a minute
        with pytest.raises(NotLetIn):
            await send_case(world.env, case.id)
    waiting = await present(world, case)
    city.line.locked = set()
    world.clock.advance(timedelta(minutes=2))

    await send_case(world.env, case.id)

    assert (waiting.state, waiting.tried_at, (await present(world, case)).state) == (State.QUEUED, None, State.SENT)
    assert city.effects().count(TAKEN) == 1


async def test_without_her_consent_nothing_is_queued(world: World, city: Connected):
    assert await refused(queued(world, by=world.sunil)) is ErrorCode.CONSENT_REQUIRED


async def test_an_input_that_does_not_fit_is_told_by_its_name(world: World, city: Connected):
    with pytest.raises(Problems) as caught:
        await queued(world, inputs=(("category", "HORSE"), ("text", "x"), ("place", "30,78")))

    assert caught.value.problems[0].path == ("input", "inputs", "category")


@pytest.mark.parametrize(("tried", "state"), [(False, State.REFUSED), (True, State.UNCERTAIN)])
async def test_what_waits_is_not_sent_once_she_has_withdrawn_her_consent(
    world: World, city: Connected, tried: bool, state: State
):
    case = await queued(world)
    if tried:
        before = replace(case, tried_at=world.clock.now())
        await world.env.store.carry_out(lambda tx: cases.save(tx, before, State.QUEUED))
    await withdraw_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.DEPARTMENT_SYSTEMS, "no"))

    await send_case(world.env, case.id)

    now = await present(world, case)
    assert (now.state, now.problem) == (state, "consent_needed")
    assert city.effects() == []


async def sent(world: World) -> DepartmentCase:
    case = await queued(world)
    await send_case(world.env, case.id)
    return await present(world, case)


async def test_a_case_is_asked_about_by_the_ladder_of_its_file(world: World, city: Connected):
    case = await sent(world)
    await ask_about_cases(world.env)
    at_once = await present(world, case)

    world.clock.advance(timedelta(minutes=16))
    await ask_about_cases(world.env)

    asked = await present(world, case)
    assert (at_once.status, asked.status) == (None, DepartmentStatus.IN_PROCESS)
    assert asked.next_at == world.clock.now() + timedelta(minutes=15)


async def withdraw(world: World, tx: Transaction) -> None:
    await roll_back(UnitOfWork(world.env, tx, SYSTEM), (await versions.in_force(tx))["smart_city"])


async def test_a_case_is_followed_again_once_its_system_is_back_in_force(world: World, city: Connected):
    case = await sent(world)
    await world.env.store.carry_out(partial(withdraw, world))
    world.clock.advance(timedelta(minutes=16))
    await ask_about_cases(world.env)
    await put_in_force(world, shipped("smart_city").replace("version: 1", "version: 2"))
    world.clock.advance(timedelta(hours=2))

    await ask_about_cases(world.env)

    assert (await present(world, case)).status is DepartmentStatus.IN_PROCESS


async def test_a_notice_has_the_system_asked_once_and_is_not_believed(world: World, city: Connected):
    case = await sent(world)
    notices, before = ConnectorNotices(world.env), len(city.effects())

    taken = [await notices.take("smart_city", "E1", case.number or "") for _ in range(2)]
    await ask_about_cases(world.env)
    await ask_about_cases(world.env)

    assert taken == [True, False]
    assert len(city.effects()) - before == 1
    assert (await present(world, case)).status is DepartmentStatus.IN_PROCESS


async def test_a_notice_of_a_case_that_nobody_follows_asks_nothing(world: World, city: Connected):
    before = len(city.effects())

    assert await ConnectorNotices(world.env).take("smart_city", "E1", "260777")
    await ask_about_cases(world.env)

    assert len(city.effects()) == before


async def asked_clearance(world: World, khata: str) -> Clearance:
    """A clearance of the revenue department about a holding."""
    case = await world.submit(world.asha)
    today = ist_date(world.clock.now())
    request = AskClearance(case.id, (REVENUE,), "Is the land free?", "ask", today + timedelta(days=9))
    await ask_clearance(world.env, world.registrar, request)
    async with world.env.store.write_transaction() as tx:
        now = (await applications.by_ids(tx, [case.id]))[case.id]
        form = {**now.form, "village": "800123", "khata": khata}
        await applications.save(tx, replace(now, form=form), now.version)
        return (await clearances.of_applications(tx, [case.id]))[case.id][0]


async def clearance_after_two_days(world: World, folder: Path, khata: str, file: str) -> tuple[Clearance, Any]:
    await put_in_force(world, file)
    connect(world, folder, "land")
    clearance = await asked_clearance(world, khata)
    for _ in range(9):
        await ask_about_cases(world.env)
        world.clock.advance(timedelta(hours=6))
    async with world.env.store.read_transaction() as tx:
        (case,) = (await cases.of_clearances(tx, [clearance.id]))[clearance.id]
        return (await clearances.get(tx, clearance.id)) or clearance, case


async def test_the_land_records_advise_on_a_clearance_and_settle_nothing(world: World, tmp_path: Path):
    clearance, case = await clearance_after_two_days(world, tmp_path, "71", shipped("land"))

    assert (case.record["answer"], clearance.state) == ("GRANTED", ClearanceState.ASKED)


@pytest.mark.parametrize(("khata", "state"), [("71", ClearanceState.GRANTED), ("79", ClearanceState.REFUSED)])
async def test_a_system_that_may_decide_answers_the_clearance(
    world: World, tmp_path: Path, khata: str, state: ClearanceState
):
    deciding = shipped("land").replace("serves: clearance", "serves: clearance\n    decides: true")

    clearance, case = await clearance_after_two_days(world, tmp_path, khata, deciding)

    assert (clearance.state, clearance.answered_by) == (state, None)
    assert "Land records" in (clearance.answer or "")
    assert case.next_at is None
