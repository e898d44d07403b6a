"""Commands are found by the installed entry points, by profile, and each is imported when it is run."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from inspect import cleandoc
from pathlib import Path

import pytest
from typer import Typer
from typer.main import get_command
from typer.testing import CliRunner

from gateway.cli import app
from gateway.commands.loading import ENTRY_POINTS, PROFILES, LazyCommand, help_of, profile_of_environment
from gateway.settings.settings import read_settings

ROOT = Path(__file__).parents[3]
OF_THE_DEMO = {"account", "demo", "seed", "token"}
LEFT_OUT = {"production": {*OF_THE_DEMO, "sandbox", "training"}, "staging": OF_THE_DEMO, "demo": set()}
INSTALLED = {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}


def listed(monkeypatch, profile: str) -> dict[str, LazyCommand]:
    monkeypatch.setenv("APUNI_PROFILE", profile)
    return get_command(app).commands


def loaded_modules(code: str, **variables: str) -> set[str]:
    """The modules of a process of its own after this code."""
    code += "\nimport sys; print('\\n' + ' '.join(sys.modules))"
    environment = {**os.environ, **variables}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("profile", LEFT_OUT)
def test_a_profile_lists_the_commands_that_exist_in_it(monkeypatch, profile):
    assert set(listed(monkeypatch, profile)) == INSTALLED.keys() - LEFT_OUT[profile]


@pytest.mark.parametrize(
    ("profile", "arguments", "where"),
    [
        ("production", ["demo"], "demo"),
        ("production", ["seed"], "demo"),
        ("production", ["token", "--as", "citizen"], "demo"),
        ("production", ["sandbox", "--help"], "staging or demo"),
        ("production", ["training", "start"], "staging or demo"),
        ("staging", ["demo"], "demo"),
    ],
)
def test_a_command_of_another_profile_is_refused_with_one_line(monkeypatch, profile, arguments, where):
    monkeypatch.setenv("APUNI_PROFILE", profile)

    done = CliRunner().invoke(app, arguments)

    line = f"apuni: the command {arguments[0]} exists in the profile {where} only\n"
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", line)


def test_what_no_profile_has_is_no_command_and_the_nearest_is_named(monkeypatch):
    monkeypatch.setenv("APUNI_PROFILE", "production")

    done = CliRunner().invoke(app, ["verfy"])

    assert done.exit_code == 2
    assert "No such command 'verfy'. Did you mean 'verify'?" in done.stderr


def test_the_package_of_every_installed_command_says_in_which_profiles_it_exists():
    assert {entry.module.rpartition(".")[0] for entry in INSTALLED.values()} == PROFILES.keys()


@pytest.mark.parametrize("name", sorted(INSTALLED))
def test_the_line_of_the_list_is_what_the_command_says_of_itself(monkeypatch, name):
    command = listed(monkeypatch, "demo")[name].load_command()

    assert command.name == name
    assert cleandoc(command.help) == help_of(INSTALLED[name]) != ""


def test_help_and_completion_import_no_command_and_nothing_that_one_needs():
    code = """
import sys
from typer import Context
from typer import Typer
from typer.main import get_command
from typer.testing import CliRunner
from gateway.cli import app

assert "outbox" in CliRunner().invoke(app, ["--help"]).stdout
command = get_command(app)
assert [item.value for item in command.shell_complete(Context(command), "ou")] == ["outbox"]
"""

    modules = loaded_modules(code)

    assert {each for each in modules if each.startswith("gateway.commands.")} <= {"gateway.commands.loading", *PROFILES}
    assert modules.isdisjoint({"sqlalchemy", "strawberry", "pydantic", "gateway.settings.settings", "store", "actions"})


def test_production_imports_nothing_of_demo_or_sandbox_to_list_its_commands():
    code = "from typer.main import get_command; from gateway.cli import app; get_command(app)"

    modules = loaded_modules(code, APUNI_PROFILE="production")

    assert modules.isdisjoint({"demo.commands", "sandbox.commands"})


@pytest.mark.parametrize("variable", ["APUNI_PROFILE", "apuni_profile"])
def test_the_profile_is_the_one_of_the_settings(monkeypatch, variable):
    assert profile_of_environment() == read_settings().profile.value == "demo"

    monkeypatch.setenv(variable, "")
    assert profile_of_environment() == read_settings().profile.value == "demo"

    monkeypatch.setenv(variable, "production")
    assert profile_of_environment() == "production"


def test_a_group_lies_in_a_module_of_its_name():
    groups = {name: entry for name, entry in INSTALLED.items() if isinstance(entry.load(), Typer)}

    modules = {name: entry.module.removesuffix(".commands").rpartition(".")[2] for name, entry in groups.items()}

    assert modules == {name: name for name in groups}


def test_no_module_holds_two_groups():
    files = [file for package in PROFILES for file in ROOT.joinpath(*package.split(".")).glob("*.py")]

    groups = {file: len(re.findall(r"= (?:CommandGroup|typer\.Typer)\(", file.read_text("utf-8"))) for file in files}

    assert sum(groups.values()) > 20
    assert [str(file) for file, many in groups.items() if many > 1] == []
