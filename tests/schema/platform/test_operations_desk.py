"""Switches and alarms in the graph: who sees them, who sets them, and what a switch does to a mutation."""

from datetime import timedelta

import pytest

from domain.kernel import ANONYMOUS, Language, PersonKind, Role, Subject
from domain.platform.alarms import Alarm, AlarmCode, AlarmState
from domain.platform.switches import Switch, SwitchKind, SwitchState
from schema.kernel import MUTATIONS
from store.applications import applications
from store.platform import alarms, switches
from tests.schema.kernel.test_mutations import INPUT, SUBMIT
from tests.support.graph import ASHA, CITIZEN, NOW, OFFICER

ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin-1")
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "auditor-1")
SET = """mutation ($input: SetSwitchInput!) { setSwitch(input: $input) {
  switch { kind name state reason setBy until } userErrors { path code message action } } }"""
READ = "{ switches { kind name state reason setBy } }"
ALARMS = "{ alarms { code about severity state value unit meaning raisedAt clearedAt runbook } }"
OFF = {"kind": "SYSTEM", "name": "UMANG", "state": "OFF", "reason": "Maintenance", "idempotencyKey": "k1"}
PAUSED = Switch(SwitchKind.MUTATION, "submitApplication", SwitchState.OFF, "r", "CLI:root", NOW)


async def set_as(world, subject, **changes):
    return await world.ask(SET, subject, input={**OFF, **changes})


async def submit(world, *board, language=Language.EN):
    context = world.context(CITIZEN, language)
    context.switches.replace(board, 1)
    return await world.run(SUBMIT, context, {"input": INPUT})


async def test_an_administrator_sets_a_switch_and_an_auditor_reads_it(world):
    done = (await set_as(world, ADMIN))["data"]["setSwitch"]
    read = (await world.ask(READ, AUDITOR))["data"]["switches"]

    assert done["userErrors"] == []
    assert done["switch"]["state"] == "OFF"
    assert read == [
        {"kind": "SYSTEM", "name": "UMANG", "state": "OFF", "reason": "Maintenance", "setBy": "OFFICER:admin-1"}
    ]


@pytest.mark.parametrize("subject", [CITIZEN, OFFICER, AUDITOR])
async def test_nobody_else_sets_one(world, subject):
    answer = await set_as(world, subject)

    assert answer["data"]["setSwitch"] is None
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    async with world.environment.store.read_transaction() as tx:
        assert await switches.version(tx) == 0


async def test_a_stranger_is_asked_to_sign_in(world):
    answer = await set_as(world, ANONYMOUS)

    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("query", [READ, ALARMS])
@pytest.mark.parametrize("subject", [CITIZEN, OFFICER])
async def test_switches_and_alarms_look_absent_to_everybody_else(world, query, subject):
    answer = await world.ask(query, subject)

    assert set(answer["data"].values()) == {None}
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"reason": ""}, "reason"), ({"name": "nothing"}, "name"), ({"kind": "MUTATION", "name": "setSwitch"}, "name")],
)
async def test_what_cannot_be_set_is_told_by_its_field(world, changes, field):
    [error] = (await set_as(world, ADMIN, **changes))["data"]["setSwitch"]["userErrors"]

    assert error["path"] == ["input", field]


async def test_every_mutation_of_the_graph_can_be_named(world):
    assert set(world.graph._schema.mutation_type.fields) == MUTATIONS
    done = await set_as(world, ADMIN, kind="MUTATION", name="submitApplication")

    assert done["data"]["setSwitch"]["switch"]["name"] == "submitApplication"


@pytest.mark.parametrize(("language", "word"), [(Language.EN, "switched off"), (Language.HI, "बंद")])
async def test_a_mutation_that_is_off_is_one_coded_error_and_nothing_is_done(world, language, word):
    answer = await submit(world, PAUSED, language=language)

    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["submitApplication"], "SWITCHED_OFF")
    assert error["extensions"]["retryable"] is True
    assert error["extensions"]["type"] == "UNAVAILABLE"
    assert word in error["message"]
    async with world.environment.store.read_transaction() as tx:
        assert await applications.count_of_citizen(tx, ASHA) == 0


async def test_a_mutation_that_is_on_again_or_never_was_off_runs(world):
    ended = Switch(SwitchKind.MUTATION, "submitApplication", SwitchState.OFF, "r", "x", NOW, NOW - timedelta(seconds=1))
    other = Switch(SwitchKind.MUTATION, "withdrawApplication", SwitchState.OFF, "r", "x", NOW)

    assert (await submit(world, ended, other))["errors"] == []


async def test_sources_show_what_a_switch_lets_through(world):
    context = world.context(ANONYMOUS)
    context.switches.replace([Switch(SwitchKind.SYSTEM, "DIGILOCKER", SwitchState.CACHE_ONLY, "r", "x", NOW)], 1)

    shown = (await world.run("{ sources { name switched } }", context, {}))["data"]["sources"]

    assert {row["name"]: row["switched"] for row in shown if row["switched"] != "ON"} == {"DIGILOCKER": "CACHE_ONLY"}


async def test_alarms_that_hold_are_shown_with_their_meaning(world):
    async with world.environment.store.write_transaction() as tx:
        await alarms.save(tx, Alarm(AlarmCode.BREAKER_OPEN, "UMANG", AlarmState.RAISED, 312.4, NOW, None, 1))
        await alarms.save(tx, Alarm(AlarmCode.DISK_LOW, "worker@x", AlarmState.CLEARED, 5.0, NOW, NOW, 2))

    shown = (await world.ask(ALARMS, ADMIN))["data"]["alarms"]
    everything = (await world.ask("{ alarms(state: null) { code state } }", AUDITOR))["data"]["alarms"]

    assert [(row["code"], row["about"], row["value"], row["severity"]) for row in shown] == [
        ("BREAKER_OPEN", "UMANG", 312, "WARNING")
    ]
    assert shown[0]["meaning"] == "An outside system has not answered for a while"
    assert len(everything) == 2
