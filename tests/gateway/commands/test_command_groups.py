"""A command over an action: it opens the store, hands the options over, and ends with the status of the outcome."""

import shutil
from datetime import date
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from actions.kernel import Environment
from domain.kernel import CommandFailed, ErrorCode, Problem, Problems
from gateway.commands.kernel import CommandGroup, parse_day, parse_month, problems_as_lines, read_csv

group = CommandGroup()


@group.storage_command("tell")
async def tell_day(
    env: Environment,
    day: Annotated[date, typer.Argument(parser=parse_day)],
    good: Annotated[bool, typer.Option()] = True,
) -> bool:
    """Tell a day, and whether the store is open."""
    async with env.store.read_transaction() as tx:
        typer.echo(f"{day:%d.%m.%Y} {tx.clock is env.clock}")
    return good


@group.storage_command("fail")
async def fail(env: Environment) -> None:
    """Fail with two reasons."""
    del env
    with problems_as_lines(lambda problem: problem.path[-1]):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("one",)), Problem(ErrorCode.BAD_INPUT, ("two",)))


@pytest.fixture
def run(tmp_path, migrated_sqlite, monkeypatch):
    shutil.copy(migrated_sqlite, tmp_path / "store.db")
    monkeypatch.setenv("APUNI_HOME", str(tmp_path))
    return lambda *words: CliRunner().invoke(group, words)


def test_the_action_is_given_the_open_store_and_its_options(run):
    done = run("tell", "2026-11-24")

    assert (done.exit_code, done.stdout) == (0, "24.11.2026 True\n")


def test_the_exit_status_is_1_where_the_action_says_that_it_is_not_good(run):
    assert run("tell", "2026-11-24", "--no-good").exit_code == 1


def test_what_the_action_refuses_is_told_in_a_line_for_each_problem(run):
    failure = run("fail").exception

    assert isinstance(failure, CommandFailed)
    assert failure.reasons == ["one", "two"]


def test_a_day_that_is_none_is_refused_before_anything_is_opened(run):
    done = run("tell", "2026-02-30")

    assert done.exit_code == 2
    assert "2026-02-30 is not a day" in done.stderr


def test_a_month_is_its_first_day():
    assert parse_month("2026-11") == date(2026, 11, 1)
    with pytest.raises(typer.BadParameter, match="not a month"):
        parse_month("2026-11-01")


@pytest.mark.parametrize(
    ("content", "why"), [(b"a,b\n\xff,1\n", "it is not in UTF-8"), (b'a,b\n"x"y,1\n', "it is no CSV")]
)
def test_a_file_that_cannot_be_read_as_csv_is_told_with_the_reason(tmp_path, content, why):
    file = tmp_path / "rows.csv"
    file.write_bytes(content)

    with pytest.raises(CommandFailed, match=f"{file} cannot be read .{why}"):
        read_csv(file)
