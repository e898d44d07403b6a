"""`apuni switch`: it works on the store alone, and says in one line what cannot be set."""

import shutil

import pytest
from typer.testing import CliRunner

from domain.kernel import CommandFailed
from domain.platform.alarms import ProcessFacts
from domain.platform.switches import SwitchState
from gateway.cli import app
from gateway.commands.kernel import account
from gateway.installation import switch as commands
from gateway.installation.switch import list_switches, mutations, set_switch
from gateway.runtime.composition import open_storage
from gateway.settings.settings import Settings
from store.platform import alarms
from tests.support.commands import on_storage

REASON = "the books are closed"


@pytest.fixture
def settings(tmp_path, migrated_sqlite) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(migrated_sqlite, home / "store.db")
    return Settings(home=home)


async def listed(settings: Settings, capsys) -> str:
    await on_storage(settings, list_switches)
    return capsys.readouterr().out


async def test_a_switch_is_set_listed_and_set_back(settings, capsys):
    await on_storage(settings, set_switch, "DBT_FINANCE", SwitchState.READ_ONLY, REASON, 30)
    assert "SYSTEM DBT_FINANCE READ_ONLY until " in (told := await listed(settings, capsys))
    assert f"by {account()}: {REASON}" in told

    await on_storage(settings, set_switch, "DBT_FINANCE", SwitchState.ON, "open again")
    assert "SYSTEM DBT_FINANCE ON, set" in (told := await listed(settings, capsys))
    assert "change 2" in told


async def test_the_kept_answers_of_a_system_are_emptied(settings, capsys):
    await on_storage(settings, set_switch, "DIGILOCKER", SwitchState.EMPTIED, REASON)

    assert "SYSTEM_ANSWERS DIGILOCKER EMPTIED, set" in await listed(settings, capsys)


async def test_a_mutation_is_set_by_its_name_in_the_graph(settings, capsys):
    await on_storage(settings, set_switch, "submitApplication", SwitchState.OFF, REASON)

    assert "MUTATION submitApplication OFF" in await listed(settings, capsys)
    assert {"submitApplication", "decideApplication", "setSwitch"} <= mutations()


async def running(settings: Settings, process: str, follows: int) -> None:
    facts = ProcessFacts(process, {}, {}, 0, 10**12, None, None, switches=follows)
    async with open_storage(settings) as rooms:
        await rooms.store.carry_out(lambda tx: alarms.save_facts(tx, process, facts))


async def test_it_is_told_in_how_many_running_processes_a_change_holds(settings, capsys):
    await running(settings, "gateway@one", 1)
    await running(settings, "worker@one", 1)

    await on_storage(settings, set_switch, "UMANG", SwitchState.OFF, REASON)

    assert capsys.readouterr().out == "apuni: change 1 holds in 2 running processes\n"


async def test_processes_that_do_not_say_that_they_follow_are_named(settings, capsys, monkeypatch):
    monkeypatch.setattr(commands, "_LOOKS", 1)
    await running(settings, "gateway@one", 1)
    await running(settings, "worker@one", 0)

    await on_storage(settings, set_switch, "UMANG", SwitchState.OFF, REASON)

    assert capsys.readouterr().out == "apuni: change 1 is set; not yet heard from worker@one\n"


@pytest.mark.parametrize(
    ("name", "state", "reason", "line"),
    [
        ("UMANG", SwitchState.OFF, " ", "a switch needs a reason"),
        ("UMANG", SwitchState.OFF, "x" * 301, "the reason is too long"),
        ("NOTHING", SwitchState.OFF, REASON, "there is no such switch"),
        ("STORE", SwitchState.OFF, REASON, "there is no such switch"),
        ("setSwitch", SwitchState.OFF, REASON, "there is no such switch"),
        ("submitApplication", SwitchState.READ_ONLY, REASON, "ON or OFF"),
    ],
)
async def test_what_cannot_be_set_is_told_in_one_line(settings, name, state, reason, line):
    with pytest.raises(CommandFailed, match=line):
        await on_storage(settings, set_switch, name, state, reason)


@pytest.mark.parametrize(
    "words", [["set", "UMANG", "OFF"], ["set", "UMANG", "HALF", "--reason", "r"], ["clear", "UMANG"]]
)
def test_a_command_without_a_reason_or_with_another_state_is_refused(words):
    assert CliRunner().invoke(app, ["switch", *words]).exit_code == 2
