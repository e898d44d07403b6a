"""The command `apuni import-applications`: opens the import's inputs, shows its progress and its result."""

import asyncio
import json
import sys
import tarfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from actions.kernel.scanner import ScannerAway
from domain.kernel import Clock, SystemIds
from gateway.commands.kernel import account, out, why_unread
from gateway.documents.renderer import CertificateRenderer
from gateway.runtime.composition import open_keyrings, open_storage
from gateway.runtime.scanning import scanner_of
from gateway.settings.settings import Settings, read_settings
from legacy.batch import MovedOn
from legacy.clocks import count_waiting, start_clocks
from legacy.files import CertificateFiles, FolderFiles, NoFiles, TarFiles
from legacy.import_rows import Bookmark
from legacy.imports import ImportStorage, Plan, bookmark_of, import_applications
from legacy.rejects import RejectsFile, RejectsLost
from legacy.source import NotOldData, OldData, look_at
from states.certificate_kinds import certificate_kinds
from store.database import FieldCipher


def import_old_applications(
    file: Annotated[
        Path | None, typer.Argument(help="the old applications, as JSON Lines or, by its name, .csv (docs/import.md)")
    ] = None,
    certificates: Annotated[
        Path | None, typer.Option(help="the folder, or the tar file, in which the PDFs of certificates lie")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(help="where to list the rows that are left out; .csv or .jsonl, by itself FILE.rejects.csv"),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="write nothing but the list of rows that would be left out")] = False,
    twelve_digit_numbers: Annotated[
        bool, typer.Option(help="old numbers have twelve digits, and are not taken for Aadhaar numbers")
    ] = False,
    start_clock: Annotated[
        bool, typer.Option("--start-clock", help="let the legal clocks of what was imported go, instead of importing")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="tell the summary as JSON")] = False,
) -> None:
    """Take over the applications of a former system, with their history and certificates.

    It may be cut off at any time and begun again: it continues behind the last batch. Run again over the same file it
    skips what is there. The exit status is 1 where nothing could be imported, and 2 where rows were left out.
    """
    if start_clock:
        if file is not None:
            raise typer.BadParameter("no file goes with --start-clock", param_hint="FILE")
        asyncio.run(run_start_clock(read_settings(), dry_run=dry_run, as_json=as_json))
        return
    if file is None:
        raise typer.BadParameter("name the file of old applications", param_hint="FILE")
    listed = rejects or file.with_name(f"{file.name}.rejects.csv")
    handed = Handed(file, certificates, listed, dry_run=dry_run, twelve_digit_numbers=twelve_digit_numbers)
    try:
        whole = asyncio.run(run_import(read_settings(), handed, as_json=as_json))
    except NotImported as refused:
        typer.echo(f"apuni: {refused}", err=True)
        raise typer.Exit(1) from None
    if not whole:
        raise typer.Exit(2)


_TOLD_EVERY = 1.0
"""Seconds between two lines of progress on a terminal; a file gets one a minute."""
_TOLD_IN_FILE = 60.0


class NotImported(Exception):
    """Nothing was imported, or not all; the text says why in one line."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed over."""

    file: Path
    certificates: Path | None
    rejects: Path
    dry_run: bool
    twelve_digit_numbers: bool


async def run_import(settings: Settings, handed: Handed, *, as_json: bool) -> bool:
    """Import, or only look; False where rows were left out. Raises NotImported."""
    files = _files(handed.certificates)
    try:
        data = _looked_at(handed.file)
        async with _rooms(settings) as rooms:
            done = await _import_data(rooms, handed, data, files)
    except (ScannerAway, MovedOn, RejectsLost, OSError) as error:
        raise NotImported(_failure_reason(error)) from None
    finally:
        files.close()
    _tell_end(done, handed, as_json=as_json)
    return done.rejected == 0


async def run_start_clock(settings: Settings, *, dry_run: bool, as_json: bool) -> None:
    """Start the clocks of imported applications, or print how many wait."""
    async with open_storage(settings) as rooms:
        held = await count_waiting(rooms.store, rooms.clock)
        started = None if dry_run else await start_clocks(rooms.store, account())
    if as_json:
        told = {"held": held.held, "overdue": held.overdue, "started": started.clocks if started else 0}
        typer.echo(json.dumps(told | {"certificates": started.certificates if started else 0}))
        return
    words = f"{held.held} open applications wait for their clock, {held.overdue} of them beyond their due date"
    if started is not None:
        words = f"the clocks of {started.clocks} applications run, {held.overdue} of them were beyond their due date"
    out.print(f"apuni: {words}")


async def _import_data(rooms: ImportStorage, handed: Handed, data: OldData, files: CertificateFiles) -> Bookmark:
    start = Bookmark("", data.sha256) if handed.dry_run else await bookmark_of(rooms, data)
    rejects = RejectsFile(handed.rejects, length=start.rejects_bytes)
    if start.rows_done:
        typer.echo(f"apuni: goes on behind row {start.rows_done}", err=True)
    plan = Plan(data, files, dry_run=handed.dry_run, twelve_digit_numbers=handed.twelve_digit_numbers)
    try:
        return await import_applications(rooms, plan, start, rejects, _progress(rooms.clock, data, start))
    finally:
        rejects.close()


@asynccontextmanager
async def _rooms(settings: Settings) -> AsyncIterator[ImportStorage]:
    async with open_storage(settings) as rooms:
        keyrings = open_keyrings(settings)
        yield ImportStorage(
            store=rooms.store,
            vault=rooms.vault,
            objects=rooms.objects,
            cipher=FieldCipher(keyrings),
            clock=rooms.clock,
            ids=SystemIds(rooms.clock),
            scanner=scanner_of(settings.scanner),
            xml=CertificateRenderer(keyrings, settings.home / "certificates", rooms.clock),
            issuer_id=settings.issuer,
            by=account(),
            kinds=certificate_kinds(settings.package.folder),
        )


def _files(place: Path | None) -> CertificateFiles:
    if place is None:
        return NoFiles()
    if place.is_dir():
        return FolderFiles(place)
    try:
        return TarFiles(place)
    except (tarfile.TarError, OSError) as error:
        raise NotImported(f"{place} is no folder and no tar file that is not packed ({type(error).__name__})") from None


def _looked_at(file: Path) -> OldData:
    try:
        return look_at(file)
    except NotOldData as wrong:
        raise NotImported(f"{file}: {wrong}") from None
    except OSError as error:
        raise NotImported(f"the file {file} cannot be read ({why_unread(error)})") from None


def _failure_reason(error: Exception) -> str:
    match error:
        case ScannerAway():
            return "the scanner of files does not answer; run the command again when it does"
        case MovedOn():
            return "another process imports the same file"
        case RejectsLost():
            return str(error)
        case _:
            return f"a file cannot be read or written ({why_unread(error)}); run the command again"


def _progress(clock: Clock, data: OldData, start: Bookmark) -> Callable[[Bookmark], None]:
    """Rows, rows a second, and the time that is left, on stderr; one line in its place on a terminal."""
    begun = told = clock.monotonic()
    terminal, ended = sys.stderr.isatty(), False

    def tell(done: Bookmark) -> None:
        nonlocal told, ended
        now, last = clock.monotonic(), done.bytes_done >= data.size
        if ended or (now - told < (_TOLD_EVERY if terminal else _TOLD_IN_FILE) and not last):
            return
        told, ended = now, last
        seconds = max(now - begun, 0.001)
        rows, octets = done.rows_done - start.rows_done, done.bytes_done - start.bytes_done
        left = (data.size - done.bytes_done) * seconds / octets if octets > 0 else 0.0
        line = (
            f"apuni: {done.rows_done} rows ({done.bytes_done * 100 // max(data.size, 1)} %), "
            f"{rows / seconds:.0f} a second, {_time(left)} left; "
            f"{done.imported} taken over, {done.skipped} skipped, {done.rejected} left out"
        )
        typer.echo(f"\r\x1b[K{line}" if terminal else line, err=True, nl=last or not terminal)

    return tell


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _tell_end(done: Bookmark, handed: Handed, *, as_json: bool) -> None:
    if as_json:
        told = {
            "dryRun": handed.dry_run,
            "rows": done.rows_done,
            "imported": done.imported,
            "skipped": done.skipped,
            "rejected": done.rejected,
            "rejects": str(handed.rejects),
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    would = "would be " if handed.dry_run else ""
    out.print(
        f"apuni: {done.imported} {would}taken over, {done.skipped} are there already, {done.rejected} {would}left out",
    )
    if done.rejected:
        typer.echo(f"apuni: the rows that are left out, and why, are in {handed.rejects}", err=True)
