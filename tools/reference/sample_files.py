"""Sample calls of a partner in docs/partners: written as the code makes them, or compared with it."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import typer

Files = Mapping[str, bytes]
"""The content of each file by its path below the partner's folder."""

FOLDER = "samples"


def make_samples(made: Callable[[], Coroutine[Any, Any, Files]], pages: Path, *, check: bool, command: str) -> None:
    """Write the samples; with `check`, write nothing and end with status 1 and a line for each file that differs."""
    files = asyncio.run(made())
    if not check:
        write(pages, files)
    elif names := outdated(pages, files):
        for name in names:
            typer.echo(f"apuni: {name} is not what the code says; run `{command}`", err=True)
        raise typer.Exit(1)


def write(pages: Path, files: Files) -> None:
    """Write the files; those of earlier samples go."""
    (pages / FOLDER).mkdir(parents=True, exist_ok=True)
    for old in (pages / FOLDER).iterdir():
        old.unlink()
    for name, content in files.items():
        (pages / name).write_bytes(content)


def outdated(pages: Path, files: Files) -> list[str]:
    """The names of files that are not what the code makes, and of those that it does not make."""
    there = {f"{FOLDER}/{path.name}": path.read_bytes() for path in (pages / FOLDER).glob("*")}
    return sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
