"""The settings file: where it is wrong is told by line, reason and remedy, and nothing starts half."""

import os
import socket
from pathlib import Path

import pytest

from gateway.installation.config import settings_lines
from gateway.runtime.bounds import BOUNDS
from gateway.settings.settings import Settings, read_settings
from gateway.settings.settings_file import load_settings_file, read_lines
from gateway.settings.variables import NEEDED, is_known, near_names, sections
from tests.support.fit_settings import SECRET, clear_environment
from tests.support.forked import apuni_forked
from tests.support.running import free_port

NO_INTEGER = "Input should be a valid integer, unable to parse string as an integer"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "apuni.env"


def apuni(file: Path, *arguments: str, **variables: str) -> tuple[int, list[str]]:
    """The exit status of a command as a user runs it with the file, and the lines that it says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APUNI_")}
    done = apuni_forked(arguments, kept | {"APUNI_SETTINGS_FILE": str(file)} | variables)
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("command", ["serve", "worker", "migrate"])
@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "APUNI_DATABSE_URL=postgresql://db/apuni",
            "APUNI_DATABSE_URL is no setting; did you mean APUNI_DATABASE_URL?",
        ),
        ("APUNI_COLOUR=red", "APUNI_COLOUR is no setting; take it out; docs/configuration.md has all settings"),
        (
            "APUNI_LIMITS__DEPTH=deep",
            f"APUNI_LIMITS__DEPTH: {NO_INTEGER}; correct it. Maximum depth of an operation.",
        ),
        ("APUNI_HOST 10.0.0.1", "it is no NAME=VALUE; write it so, or put # before a comment"),
        ("APUNI_HOME=elsewhere", "APUNI_HOME is set in line 2 already; take one of them out"),
    ],
)
def test_a_wrong_line_ends_the_command_before_anything_is_made(tmp_path, file, command, line, told):
    home, port = tmp_path / "home", free_port()
    file.write_text(f"# ours\nAPUNI_HOME={home}\nAPUNI_PORT={port}\n{line}\n")

    assert apuni(file, command) == (1, [f"apuni: {file}, line 4: {told}"])

    assert sorted(tmp_path.iterdir()) == [file]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_what_production_refuses_is_told_with_its_line(file, tmp_path):
    file.write_text(f"APUNI_HOME={tmp_path / 'home'}\nAPUNI_PROFILE=production\nAPUNI_DATABASE_URL=sqlite:///x.db\n")

    code, lines = apuni(file, "serve")

    assert code == 1
    remedy = "the store is SQLite; set PostgreSQL, or `APUNI_ALLOW_SQLITE=1`"
    assert f"apuni: {file}, line 3: APUNI_DATABASE_URL: {remedy}" in lines


def test_no_value_of_the_file_is_told(file):
    file.write_text(f"APUNI_DATABASE_URL={SECRET}\nAPUNI_BACKUP_PASPHRASE={SECRET}\n{SECRET}\n")
    _, lines = apuni(file, "serve")
    assert len(lines) == 2

    file.write_text(f"APUNI_DATABASE_URL={SECRET}\n")
    _, others = apuni(file, "serve")

    assert SECRET not in str(lines + others)


def test_a_file_that_is_not_there_is_one_line(file):
    told = f"apuni: the settings file {file} cannot be read (No such file or directory); APUNI_SETTINGS_FILE names it"
    assert apuni(file, "serve") == (1, [told])


def test_the_environment_goes_before_the_file(monkeypatch, tmp_path, file):
    clear_environment(monkeypatch, tmp_path)
    monkeypatch.setattr(os, "environ", os.environ.copy())  # what is loaded ends with the test
    os.environ |= {"APUNI_SETTINGS_FILE": str(file), "APUNI_PORT": "8001"}
    file.write_text("APUNI_PORT=8002\nMETRICS_PORT=9100\nAPUNI_LAW='{\"payment_days\": 1}'\nOTEL_SERVICE_NAME=apuni\n")

    load_settings_file()

    assert os.environ["APUNI_PORT"] == "8001"
    assert os.environ["METRICS_PORT"] == "9100"
    assert os.environ["APUNI_LAW"] == '{"payment_days": 1}'


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("METRICS_PORT", True),
        ("APUNI_METRICS_PORT", False),
        ("APUNI_LIMITS", True),
        ("APUNI_LIMITS__DEPTH", True),
        ("APUNI_LIMITS__DEEP", False),
        ("APUNI_LIMITS__DEPTH__X", False),
        ("APUNI_LAW__ANY_DAYS", True),
        ("APUNI_PARTNERS", True),
        ("APUNI_PARTNERS__LAND", True),
        ("APUNI_PARTNERS__LAND__BASE_URL", True),
        ("APUNI_PARTNERS__LAND__GIVEN__KEY", True),
        ("APUNI_PARTNERS__LAND__URL", False),
        ("PORT", False),
    ],
)
def test_which_variables_set_something(name, known):
    assert is_known(name) is known


def test_the_nearest_names_are_proposed():
    assert near_names("METRIC_PORT") == ["METRICS_PORT"]
    assert near_names("APUNI_SCANER__ADDRES") == ["APUNI_SCANNER__ADDRESS"]


def test_the_file_to_begin_with_has_every_setting_once_and_what_production_needs_first(file):
    file.write_text("\n".join(settings_lines()))
    every = [each.name for _, group in sections() for each in group]
    given = [line.lstrip("#").partition("=")[0] for line in settings_lines() if line[:1] != "#" or line[1:2] != " "]

    lines, wrong = read_lines(file)

    assert wrong == []
    assert sorted(filter(None, given)) == sorted(every)
    assert [line.name for line in lines][: len(NEEDED)] == list(NEEDED)
    assert {line.value for line in lines} == {"", "production"}


def test_every_default_that_the_file_shows_is_taken_and_is_the_default(monkeypatch, tmp_path, file):
    clear_environment(monkeypatch, tmp_path)
    plain = Settings()
    file.write_text("\n".join(line[1:] if line.startswith(("#APUNI", "#METRICS")) else "" for line in settings_lines()))
    for line in read_lines(file)[0]:
        monkeypatch.setenv(line.name, line.value)

    assert read_settings() == plain


def test_what_production_refuses_when_nothing_is_set_is_what_it_is_said_to_need(monkeypatch, tmp_path):
    clear_environment(monkeypatch, tmp_path)

    refused = {each.variable for each in BOUNDS if each.is_broken(Settings(profile="production"))}

    assert refused <= set(NEEDED)


def test_the_file_is_written_for_its_owner_alone_and_never_over_another(tmp_path, file):
    done = apuni_forked(["config", "init", str(file)], dict(os.environ))
    assert (done.returncode, file.stat().st_mode & 0o777) == (0, 0o600)

    again = apuni_forked(["config", "init", str(file)], dict(os.environ))

    assert (again.returncode, again.stderr) == (
        1,
        f"apuni: {file} is there already; name another file, or move it away\n",
    )
