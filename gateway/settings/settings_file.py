"""The file of settings that `APUNI_SETTINGS_FILE` names: a variable a line, under what the environment says."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from domain.kernel import CommandFailed

FILE = "APUNI_SETTINGS_FILE"
_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_FOREIGN = ("OTEL_",)
"""What others' variables begin with that the file may set too: those of OpenTelemetry."""


class Line(NamedTuple):
    """A variable that the file sets, and where."""

    number: int
    name: str
    value: str


def load_settings_file() -> None:
    """Put into the environment what the file sets and the environment does not.

    Raises CommandFailed with a line for each one that is wrong; then nothing is set.
    """
    named = os.environ.get(FILE)
    if not named:
        return
    lines, reasons = read_lines(Path(named))
    first: dict[str, int] = {}
    for line in lines:
        if (before := first.setdefault(line.name, line.number)) != line.number:
            reasons.append((line.number, f"{line.name} is set in line {before} already; take one of them out"))
        elif (wrong := _unknown(line.name)) is not None:
            reasons.append((line.number, wrong))
    if reasons:
        raise CommandFailed(*(f"{named}, line {number}: {why}" for number, why in sorted(reasons)))
    for line in lines:
        os.environ.setdefault(line.name, line.value)


def read_lines(file: Path) -> tuple[list[Line], list[tuple[int, str]]]:
    """The variables of a file, and what is wrong by the number of its line. Raises CommandFailed where it is unread.

    The rules are those that the environment files of systemd and of containers share: `NAME=VALUE`, the whole value in
    single or double quotes or in none, nothing expanded, and comments in lines of their own.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise CommandFailed(f"the settings file {file} cannot be read ({why}); {FILE} names it") from None
    lines, reasons = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        if (found := _LINE.fullmatch(written)) is None:
            reasons.append((number, "it is no NAME=VALUE; write it so, or put # before a comment"))
        else:
            lines.append(Line(number, found[1].upper(), _without_quotes(found[2].strip())))
    return lines, reasons


def place_of(reason: str) -> str:
    """Where the file sets the variable with which a reason begins, for in front of it; nothing where it does not."""
    named, found = os.environ.get(FILE), re.match(r"[A-Z][A-Z0-9_]*", reason)
    if not named or found is None:
        return ""
    try:
        lines, _ = read_lines(Path(named))
    except CommandFailed:
        return ""
    by_name = {line.name: line for line in lines if os.environ.get(line.name) == line.value}
    name = found[0]
    while name not in by_name and "__" in name:
        name = name.rpartition("__")[0]  # a part of what the file sets as one JSON value
    return f"{named}, line {by_name[name].number}: " if name in by_name else ""


def _unknown(name: str) -> str | None:
    """Why no setting has this name, with those that are like it; None where one has."""
    from gateway.settings.variables import is_known, near_names  # only where a file is named: it loads every setting

    if name == FILE:
        return f"{FILE} names this file; set it in the environment"
    if name.startswith(_FOREIGN) or is_known(name):
        return None
    near = near_names(name)
    remedy = f"did you mean {' or '.join(near)}?" if near else "take it out; docs/configuration.md has all settings"
    return f"{name} is no setting; {remedy}"


def _without_quotes(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value
