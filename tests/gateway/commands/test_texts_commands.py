"""`apuni texts`, as it is typed: a file is checked, shown and proposed; what operators would refuse is told."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from states.packages import state_folder
from tests.gateway.commands.test_catalogue_commands import run  # noqa: F401 - a fixture

OTHER = ("सेवा दे दी", "सेवा मिल")


@pytest.fixture
def file(tmp_path) -> Path:
    """The file of an event with other words than are registered."""
    for name in ("DELIVERED.json", "registered.csv"):
        shutil.copy(state_folder() / "messages" / name, tmp_path / name)
    _replace(tmp_path / "DELIVERED.json")
    return tmp_path / "DELIVERED.json"


def _replace(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(*OTHER), encoding="utf-8")


def test_a_text_that_is_not_registered_is_told_and_not_proposed(run, file):  # noqa: F811 - the fixture
    checked, told, _ = run("texts", "check", file)
    proposed, _, refused = run("texts", "propose", file, "--on", "2099-01-01")

    assert (checked, proposed) == (1, 1)
    assert "DELIVERED.hi: not the registered text" in told
    assert "apuni: DELIVERED.hi: not the registered text" in refused


def test_a_text_with_a_variable_that_is_not_there_is_not_shown(run, file):  # noqa: F811 - the fixture
    file.write_text(file.read_text(encoding="utf-8").replace("{number}", "{nummer}"), encoding="utf-8")

    status, _, refused = run("texts", "preview", "--file", file)

    assert status == 1
    assert refused == ["apuni: DELIVERED: no variable nummer"]


def test_a_registered_text_waits_for_an_administrator_and_is_shown_beforehand(run, file):  # noqa: F811 - the fixture
    _replace(file.with_name("registered.csv"))

    _, shown, _ = run("texts", "preview", "--file", file)
    status, told, _ = run("texts", "propose", file, "--on", "2099-01-01")

    assert OTHER[1] in shown
    assert status == 0
    assert "DELIVERED waits for an administrator" in told


def test_a_text_is_proposed_by_the_account_of_the_shell_and_in_nobody_s_name(run, file):  # noqa: F811 - the fixture
    _replace(file.with_name("registered.csv"))

    status, _, _ = run("texts", "propose", file, "--on", "2099-01-01", "--by", "meena@uk.gov.in")
    run("texts", "propose", file, "--on", "2099-01-01")

    assert status == 2
    with sqlite3.connect(Path(os.environ["APUNI_HOME"]) / "store.db") as store:
        assert store.execute("select proposed_by from text_proposals").fetchall() == [(f"CLI:{os.getuid()}",)]
