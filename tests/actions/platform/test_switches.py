"""Setting switches: who may, what must be said, what is written down."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.platform.switches import SetSwitch, set_switch, switches_for
from domain.kernel import ANONYMOUS, NotSignedIn, PersonKind, Problems, Role, Subject
from domain.platform.switches import SwitchKind, SwitchState
from integrations.calling.cache import digest_of_citizen
from tests.support.actions import World
from tests.support.stored import audit_lines_of

ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin-1")
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "auditor-1")
MUTATIONS = {"submitApplication", "setSwitch"}
OFF = SetSwitch(SwitchKind.SYSTEM, "DBT_FINANCE", SwitchState.OFF, "Maintenance of the treasury")


async def set_as(world: World, subject: Subject, wanted: SetSwitch = OFF, key: str = "k1"):
    return await set_switch(world.env, subject, wanted, mutations=MUTATIONS, idempotency_key=key)


def changed(**changes) -> SetSwitch:
    given = {"kind": OFF.kind, "name": OFF.name, "state": OFF.state, "reason": OFF.reason, "until": None}
    return SetSwitch(**{**given, **changes})


async def test_an_administrator_sets_a_switch_and_the_audit_line_says_who_what_and_why(world):
    switch, replayed = await set_as(world, ADMIN)

    async with world.env.store.read_transaction() as tx:
        [line] = await audit_lines_of(tx, "SWITCH", "SYSTEM:DBT_FINANCE")
    assert (switch.state, switch.set_by, replayed) == (SwitchState.OFF, "OFFICER:admin-1", False)
    assert (line.actor_label, line.action, line.purpose) == ("OFFICER:admin-1", "switch.set", "OPERATE")
    assert line.detail == {"from": "ON", "to": "OFF", "reason": "Maintenance of the treasury", "until": None}


EMPTY = SetSwitch(SwitchKind.SYSTEM_ANSWERS, "DIGILOCKER", SwitchState.EMPTIED, "Wrong papers were kept")


async def test_the_kept_answers_of_a_system_are_emptied_with_an_audit_line(world):
    switch, _ = await set_as(world, ADMIN, EMPTY)

    async with world.env.store.read_transaction() as tx:
        [line] = await audit_lines_of(tx, "SWITCH", "SYSTEM_ANSWERS:DIGILOCKER")
    assert (switch.state, line.actor_label, line.detail["reason"]) == (EMPTY.state, "OFFICER:admin-1", EMPTY.reason)


@pytest.mark.parametrize("by_number", [True, False])
async def test_those_of_a_citizen_are_named_by_id_or_application_and_the_switch_does_not_tell_whose(world, by_number):
    application = await world.submit(world.asha)
    named = application.number if by_number else application.citizen_id

    switch, _ = await set_as(world, ADMIN, replace(EMPTY, kind=SwitchKind.CITIZEN_ANSWERS, name=named))

    assert switch.name == digest_of_citizen(application.citizen_id)
    async with world.env.store.read_transaction() as tx:
        assert await audit_lines_of(tx, "SWITCH", f"CITIZEN_ANSWERS:{application.citizen_id}")


async def test_the_switch_of_a_citizen_goes_with_a_later_one_when_nothing_can_be_kept_from_before(world):
    first, second = (
        replace(EMPTY, kind=SwitchKind.CITIZEN_ANSWERS, name=one.person_id) for one in (world.asha, world.sunil)
    )
    await set_as(world, ADMIN, first)
    world.env.clock.advance(timedelta(hours=26))

    await set_as(world, ADMIN, second, key="k2")

    names = [switch.name for switch in (await switches_for(world.env, AUDITOR)).switches]
    assert names == [digest_of_citizen(world.sunil.person_id)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "nobody"}, "name"),
        ({"kind": SwitchKind.CITIZEN_ANSWERS, "name": "nobody"}, "name"),
        ({"state": SwitchState.ON}, "state"),
        ({"until": datetime(2030, 1, 1, tzinfo=UTC)}, "until"),
        ({"kind": SwitchKind.SYSTEM}, "state"),
    ],
)
async def test_what_cannot_be_emptied_is_told_by_its_field(world, changes, field):
    with pytest.raises(Problems) as refused:
        await set_as(world, ADMIN, replace(EMPTY, **changes))

    assert [problem.path for problem in refused.value.problems] == [("input", field)]
    assert (await switches_for(world.env, AUDITOR)).version == 0


async def test_setting_it_back_is_a_second_line(world):
    await set_as(world, ADMIN)
    await set_as(world, ADMIN, changed(state=SwitchState.ON, reason="Done"), key="k2")

    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "SWITCH", "SYSTEM:DBT_FINANCE")
    assert [(line.detail["from"], line.detail["to"]) for line in lines] == [("ON", "OFF"), ("OFF", "ON")]


async def test_the_same_key_sets_it_once(world):
    await set_as(world, ADMIN)
    _, replayed = await set_as(world, ADMIN)

    assert replayed
    assert (await switches_for(world.env, AUDITOR)).version == 1


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN, Role.SYSTEM, Role.ANONYMOUS}))
async def test_nobody_else_sets_switches_and_what_is_denied_looks_absent(world, role):
    with pytest.raises(Problems) as refused:
        await set_as(world, Subject(frozenset({role}), PersonKind.OFFICER, "x"))

    assert refused.value.code.value == "NOT_FOUND"


async def test_switches_are_read_by_administrators_and_auditors_only(world):
    assert (await switches_for(world.env, ADMIN)).switches == ()
    assert (await switches_for(world.env, AUDITOR)).switches == ()
    with pytest.raises(Problems):
        await switches_for(world.env, Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, "x"))
    with pytest.raises(NotSignedIn):
        await switches_for(world.env, ANONYMOUS)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": "NO_SUCH"}, "name", "BAD_INPUT"),
        ({"name": "STORE"}, "name", "BAD_INPUT"),
        ({"kind": SwitchKind.MUTATION, "name": "setSwitch"}, "name", "BAD_INPUT"),
        ({"kind": SwitchKind.MUTATION, "name": "noSuch"}, "name", "BAD_INPUT"),
        (
            {"kind": SwitchKind.MUTATION, "name": "submitApplication", "state": SwitchState.READ_ONLY},
            "state",
            "BAD_INPUT",
        ),
        ({"reason": "  "}, "reason", "REASON_REQUIRED"),
        ({"reason": "x" * 301}, "reason", "BAD_INPUT"),
    ],
)
async def test_a_switch_that_cannot_be_is_refused_with_its_field(world, changes, field, code):
    with pytest.raises(Problems) as refused:
        await set_as(world, ADMIN, changed(**changes))

    [problem] = refused.value.problems
    assert (problem.path, problem.code.value) == (("input", field), code)


async def test_an_end_must_be_in_the_future(world):
    with pytest.raises(Problems):
        await set_as(world, ADMIN, changed(until=world.clock.now()))

    switch, _ = await set_as(world, ADMIN, changed(until=world.clock.now() + timedelta(minutes=1)))
    assert switch.until is not None


async def test_an_aadhaar_number_in_a_reason_is_not_kept(world):
    switch, _ = await set_as(world, ADMIN, changed(reason="complaint of 9999 4105 7058"))

    assert switch.reason == "complaint of XXXX XXXX 7058"
