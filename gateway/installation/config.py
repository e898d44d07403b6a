"""The command `apuni config`: a file of settings to begin with."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import wrap
from typing import Annotated

import typer

from domain.kernel import CommandFailed
from gateway.settings.settings_file import FILE
from gateway.settings.variables import NEEDED, Variable, sections
from integrations.registry import OUTSIDE_SYSTEMS

group = typer.Typer(no_args_is_help=True)
"""The file of settings."""

_HEAD = (
    f"Settings of the gateway, a variable a line: {FILE} names this file, and systemd (EnvironmentFile=) reads it "
    "too. The environment goes before it. An empty value counts as not set. What is commented out "
    "shows the default. Secrets stand here in plain text: let nobody else read the file. `apuni doctor` tries it."
)
_OF_SYSTEMS = frozenset(
    f"APUNI_PARTNERS__{system.upper()}__{part}"
    for system in OUTSIDE_SYSTEMS.required
    for part in ("BASE_URL", "GIVEN_FILE")
)


@group.callback()
def _config() -> None:
    """Keep `init` a command of its own, since the group has one command only."""


@group.command("init")
def write_settings_file(file: Annotated[Path, typer.Argument(help="the file to write; it must not be there")]) -> None:
    """Write a commented file of all settings, for production: what it needs first, then the others by subject."""
    content = "\n".join(settings_lines()) + "\n"
    try:
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as written:
            written.write(content)
    except FileExistsError:
        raise CommandFailed(f"{file} is there already; name another file, or move it away") from None
    except OSError as error:
        raise CommandFailed(f"the file {file} cannot be written ({error.strerror})") from None
    typer.echo(f"apuni: fill in the first section of {file}, set {FILE}={file.resolve()}, then run `apuni doctor`")


def settings_lines() -> Iterator[str]:
    """The lines of such a file."""
    yield from _comment(_HEAD)
    groups = list(sections())
    known = {each.name: each for _, group in groups for each in group}
    needed = [known[name] for name in (*NEEDED, *(name for name in known if name in _OF_SYSTEMS))]
    yield from _section("Needed in production", needed, set_now=True)
    for title, group in groups:
        if others := [each for each in group if each not in needed]:
            yield from _section(title, others, set_now=False)


def _section(title: str, group: Iterable[Variable], *, set_now: bool) -> Iterator[str]:
    yield from ("", f"# === {title} ===")
    for each in group:
        rules = f" Production: {'; '.join(each.rules)}." if each.rules else ""
        yield from ("", *_comment(f"{each.meaning}{rules}"))
        value = "production" if each.name == "APUNI_PROFILE" else "" if set_now else each.default or ""
        quoted = f"'{value}'" if set(value) & set(' {["') else value
        yield f"{'' if set_now else '#'}{each.name}={quoted}"


def _comment(text: str) -> list[str]:
    return wrap(text, 110, initial_indent="# ", subsequent_indent="# ", break_long_words=False, break_on_hyphens=False)
