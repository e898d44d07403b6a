"""What commands share: how one is declared over an action, its refusals, its output, and the files that it reads."""

import asyncio
import csv
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from actions.kernel import Environment
from domain.kernel import SYSTEM, CommandFailed, Language, Problem, Problems, Subject
from domain.kernel.messages import message, problem_text
from gateway.runtime.composition import open_runtime, open_storage
from gateway.settings.settings import Settings, read_settings

Action = TypeVar("Action", bound=Callable[..., Awaitable[bool | None]])

out = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)

WIDE = 1000
"""Columns of what is not a terminal: in a file or a pipe nothing is cut off to fit."""


class CommandGroup(typer.Typer):
    """A group of commands over actions: asynchronous functions of an open environment and the command's options.

    The exit status is 1 where an action returns False, or raises CommandFailed, of which each reason is told.
    """

    def __init__(self) -> None:
        super().__init__(no_args_is_help=True)

    def storage_command(self, name: str) -> Callable[[Action], Action]:
        """Declare a command over an action that asks no outside system."""
        return self._command(name, open_storage)

    def runtime_command(self, name: str) -> Callable[[Action], Action]:
        """Declare a command over an action that may ask outside systems."""
        return self._command(name, _open_environment)

    def _command(
        self, name: str, opened: Callable[[Settings], AbstractAsyncContextManager[Environment]]
    ) -> Callable[[Action], Action]:
        def declare(action: Action) -> Action:
            async def run(given: Mapping[str, Any]) -> bool | None:
                async with opened(read_settings()) as env:
                    return await action(env, **given)

            @wraps(action)
            def command(**given: Any) -> None:
                if asyncio.run(run(given)) is False:
                    raise typer.Exit(1)

            _, *options = signature(action).parameters.values()
            command.__signature__ = signature(action).replace(parameters=options)  # type: ignore[attr-defined]
            self.command(name)(command)
            return action

        return declare


@asynccontextmanager
async def _open_environment(settings: Settings) -> AsyncIterator[Environment]:
    async with open_runtime(settings) as runtime:
        yield runtime.environment


def parse_day(text: str) -> date:
    """The day of an option; raises BadParameter."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not a day, written as 2026-11-24") from None


def parse_instant(text: str) -> datetime:
    """The instant of an option, with its offset from UTC; raises BadParameter."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter(f"{text} is not an instant with its offset, written as 2026-11-24T10:30+05:30")
    return found


Since = Annotated[datetime, typer.Option(parser=parse_instant, help="from this instant, as 2026-11-24T10:30+05:30")]
Until = Annotated[datetime, typer.Option(parser=parse_instant, help="until before this one")]


def parse_month(text: str) -> date:
    """The first day of the month of an option; raises BadParameter."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise typer.BadParameter(f"{text} is not a month, written as 2026-11") from None


Reason = Annotated[str, typer.Option(help="why; it is recorded in the audit log")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="at most this many")]


@contextmanager
def problems_as_lines(line_of: Callable[[Problem], str]) -> Iterator[None]:
    """Turn Problems into CommandFailed with a line for each."""
    try:
        yield
    except Problems as refused:
        raise CommandFailed(*map(line_of, refused.problems)) from None


def line_of(problem: Problem) -> str:
    """A problem as a line for the terminal."""
    if problem.sentence is not None:
        return problem_text(problem, Language.EN)
    return f"{problem.path[-1] if problem.path else 'it'}: {message(problem.code, Language.EN, problem.params)}"


def read_csv(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a heading, in UTF-8 with or without a mark. Raises CommandFailed."""
    with readable(file), file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


@contextmanager
def readable(place: Path | str, kind: str = "file") -> Iterator[None]:
    """Turn what goes wrong while a file or folder is read into CommandFailed."""
    try:
        yield
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise CommandFailed(f"the {kind} {place} cannot be read ({why_unread(error)})") from None


def why_unread(error: Exception) -> str:
    """Why a file cannot be read, in words that say what to correct and hold nothing of the file."""
    match error:
        case UnicodeDecodeError():
            return "it is not in UTF-8"
        case json.JSONDecodeError():
            return f"it is no JSON at line {error.lineno}, column {error.colno}"
        case csv.Error():
            return f"it is no CSV: {error}"
        case RecursionError():
            return "it is nested too deep"
        case OSError() if error.strerror:
            return error.strerror
        case _:
            return type(error).__name__


def print_lines(lines: Iterable[str], summary: str) -> None:
    """Print lines, and after them a summary."""
    for line in lines:
        out.print(line)
    out.print(f"apuni: {summary}")


def print_json(value: Any) -> None:
    """Print a value as JSON for other programs."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]], **style: Any) -> None:
    """Print a table, to a terminal as wide as that is and else in full."""
    table = Table(*heads, **style)
    for row in rows:
        table.add_row(*row)
    wide = out if out.is_terminal else Console(width=WIDE, highlight=False, markup=False, emoji=False, file=out.file)
    wide.print(table)


def account() -> str:
    """What audit lines say of who ran a command: the machine's account by its number, as its name may be a person's."""
    return f"CLI:{os.getuid()}"


def command_subject() -> Subject:
    """The gateway itself, at the word of that account."""
    return replace(SYSTEM, account=account())
