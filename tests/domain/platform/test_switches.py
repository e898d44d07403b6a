"""Switches: what holds when, and that the way back stays open."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel import Source
from domain.platform.switches import MutationOff, Switch, Switchboard, SwitchKind, SwitchState

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


def switch(
    name: str, state: SwitchState, *, kind: SwitchKind = SwitchKind.SYSTEM, minutes: int | None = None
) -> Switch:
    until = None if minutes is None else NOW + timedelta(minutes=minutes)
    return Switch(kind, name, state, "maintenance", "CLI:root", NOW, until)


def test_everything_is_on_until_a_switch_says_otherwise():
    board = Switchboard([switch("UMANG", SwitchState.READ_ONLY)])

    assert board.system(Source.UMANG, NOW) is SwitchState.READ_ONLY
    assert board.system(Source.DIGILOCKER, NOW) is SwitchState.ON
    board.require_mutation("submitApplication", NOW)


def test_a_switch_with_an_end_is_on_again_by_itself():
    board = Switchboard([switch("UMANG", SwitchState.OFF, minutes=5)])

    assert board.system(Source.UMANG, NOW + timedelta(minutes=4)) is SwitchState.OFF
    assert board.seconds_left(Source.UMANG, NOW) == 300
    assert board.system(Source.UMANG, NOW + timedelta(minutes=5)) is SwitchState.ON


def test_a_mutation_that_is_off_says_when_to_come_back():
    board = Switchboard([switch("submitApplication", SwitchState.OFF, kind=SwitchKind.MUTATION, minutes=1)])

    with pytest.raises(MutationOff) as refused:
        board.require_mutation("submitApplication", NOW)
    assert refused.value.problem.retry_after == 60


def test_setting_switches_cannot_be_switched_off():
    Switchboard([switch("setSwitch", SwitchState.OFF, kind=SwitchKind.MUTATION)]).require_mutation("setSwitch", NOW)


def test_a_mutation_and_a_system_of_the_same_name_are_two_switches():
    board = Switchboard([switch("UMANG", SwitchState.OFF, kind=SwitchKind.MUTATION)])

    assert board.system(Source.UMANG, NOW) is SwitchState.ON
