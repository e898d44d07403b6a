"""The commands `apuni catalogue` and `apuni doctor`: import services, and list what no source states of them."""

import asyncio
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.table import Table

from actions.catalogue.catalogue_import import import_portal, import_rows
from actions.catalogue.cells import REASONS, Reject, Row
from actions.catalogue.changes import Imported, ProgressCallback
from actions.catalogue.doctor import count_missing_facts, missing_facts
from actions.catalogue.rows import FILES, CatalogueRows
from domain.kernel import Clock, Source
from gateway.commands.opening import account, open_storage, out, print_table, why_unread
from gateway.pages.spreadsheets import safe_cell
from gateway.settings.settings import Settings, read_settings
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.errors import RemoteError
from integrations.calling.kill_switch import KillSwitch
from integrations.calling.monitor import SourceMonitor
from integrations.calling.remote import Remote, Resilience
from integrations.calling.transport import Transports
from integrations.portal import NotACatalogue, PortalCatalogue, ReadCatalogue, read_catalogue
from store.catalogue import catalogue

group = typer.Typer(no_args_is_help=True)


doctor_group = typer.Typer(no_args_is_help=True)


_JSON = Annotated[bool, typer.Option("--json", help="tell it as JSON")]


@group.command("import")
def catalogue_import(
    source: Annotated[
        str,
        typer.Argument(help="a folder such as catalogue_data/, a JSON file of the portal's shape, or its address"),
    ],
    dry_run: Annotated[bool, typer.Option(help="only show what would change")] = False,
    as_json: _JSON = False,
    rejects: Annotated[Path | None, typer.Option(help="a CSV file for the rows that are left out")] = None,
) -> None:
    """Take over services; applications keep the rules that they were filed under. All or nothing, and again at will.

    The exit status is 1 where nothing could be imported, and 2 where rows were left out.
    """
    try:
        whole = asyncio.run(run_import(read_settings(), source, dry_run=dry_run, as_json=as_json, rejects=rejects))
    except NotImported as refused:
        typer.echo(f"apuni: {refused}", err=True)
        raise typer.Exit(1) from None
    if not whole:
        raise typer.Exit(2)


@doctor_group.command("catalogue")
def doctor_catalogue(as_json: _JSON = False) -> None:
    """List the facts that no source gives: limits, fees, documents, officers and so on, service by service."""
    asyncio.run(run_doctor(read_settings(), as_json=as_json))


MOST_BYTES = 20_000_000
OPTIONAL = frozenset(name for name, file in FILES.items() if file.startswith("local_"))
"""Files that a folder may lack; without the others nothing is imported."""


class NotImported(Exception):
    """Nothing was imported; the text says why in one line."""


async def run_import(settings: Settings, source: str, *, dry_run: bool, as_json: bool, rejects: Path | None) -> bool:
    """Import a folder, a JSON file or an address, and report what changed; False where rows were left out.

    Raises NotImported where the source cannot be read at all, or the file for the rejects cannot be written.
    """
    _refuse_unwritable(rejects)
    folder = _folder(source)
    async with open_storage(settings) as rooms:
        how: dict[str, Any] = {"dry_run": dry_run, "by": account(), "tell": _progress()}
        if folder is not None:
            imported = await import_rows(rooms.store, read_folder(folder), **how)
        else:
            imported = await import_portal(rooms.store, await _read_portal(settings, source, rooms.clock), **how)
    if as_json:
        typer.echo(json.dumps(imported.as_json(), ensure_ascii=False, indent=2))
    else:
        for line in imported.lines():
            typer.echo(line)
    _tell_rejects(imported, rejects)
    return not imported.rejects


def _folder(source: str) -> Path | None:
    path = Path(source)
    return path if path.is_dir() else None


def read_folder(folder: Path) -> CatalogueRows:
    """The rows of the files of a folder such as catalogue_data/; raises NotImported by the name of the file."""
    rows: dict[str, tuple[Row, ...]] = {}
    for name, file in FILES.items():
        path = folder / file
        if not path.exists() and name in OPTIONAL:
            rows[name] = ()
            continue
        try:
            with _bounded_path(path).open(encoding="utf-8-sig", newline="") as lines:
                rows[name] = tuple(csv.DictReader(lines, strict=True))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise NotImported(f"the file {path} cannot be read ({why_unread(error)})") from None
    return CatalogueRows(**rows)


async def _read_portal(settings: Settings, source: str, clock: Clock) -> ReadCatalogue:
    if urlsplit(source).scheme in ("http", "https"):
        return await _fetch_catalogue(settings, source, clock)
    try:
        return read_catalogue(json.loads(_bounded_path(Path(source)).read_text(encoding="utf-8-sig")))
    except NotACatalogue as wrong:
        raise NotImported(f"the file {source} is not a catalogue: {wrong}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise NotImported(f"the file {source} cannot be read ({why_unread(error)})") from None


async def _fetch_catalogue(settings: Settings, address: str, clock: Clock) -> ReadCatalogue:
    """The catalogue at an address, through the resilient caller; in production by https only."""
    parts = urlsplit(address)
    if parts.username or parts.query or parts.fragment or (parts.scheme != "https" and not settings.demo):
        raise NotImported("the address must be plain https, without user, query or fragment")
    base = f"{parts.scheme}://{parts.netloc}"
    kept = AnswerCache(open_cache(None), clock)
    shared = Resilience(clock, Breakers(clock), kept, SourceMonitor(()), KillSwitch())
    try:
        async with Transports(clock, kind=settings.http_transport, demo=settings.demo).client_for([base]) as client:
            remote = Remote(Source.DEPARTMENTS, base, client=client, shared=shared)
            return await PortalCatalogue(remote, parts.path or "/").services()
    except RemoteError as error:
        raise NotImported(f"the portal did not give its catalogue ({error.code})") from None
    finally:
        await kept.close()


def _bounded_path(path: Path) -> Path:
    if path.stat().st_size > MOST_BYTES:
        raise NotImported(f"the file {path} is larger than {MOST_BYTES // 1_000_000} MB")
    return path


def _refuse_unwritable(file: Path | None) -> None:
    """Raise NotImported before anything is taken over where the rows that are left out could not be reported."""
    if file is None:
        return
    try:
        file.open("a", encoding="utf-8").close()
    except OSError as error:
        raise NotImported(f"the file {file} cannot be written ({error.strerror})") from None


def _tell_rejects(imported: Imported, file: Path | None) -> None:
    for reject in imported.rejects if file is None else ():
        typer.echo(f"apuni: {reject.words}", err=True)
    if file is not None:
        write_rejects(file, imported.rejects)
        typer.echo(f"apuni: {len(imported.rejects)} rows that were left out are in {file}", err=True)


def write_rejects(file: Path, rejects: Sequence[Reject]) -> None:
    """The rejects as CSV: file, row, key, field, reason, and the reason in words."""
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["file", "row", "key", "field", "reason", "meaning"])
        for each in rejects:
            cells = (each.file, each.row, each.key, each.field, each.reason, REASONS[each.reason])
            writer.writerow([safe_cell(cell) for cell in cells])


def _progress() -> ProgressCallback:
    """Told on stderr, one line in its place on a terminal; a file gets no line but the last."""

    def tell(done: int, total: int, /) -> None:
        if sys.stderr.isatty():
            typer.echo(f"\rapuni: {done}/{total} services", err=True, nl=done == total)
        elif done == total:
            typer.echo(f"apuni: {done}/{total} services", err=True)

    return tell


async def run_doctor(settings: Settings, *, as_json: bool) -> None:
    """List every fact of the catalogue that is null, by service, and how many services lack each."""
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        services = await catalogue.all_services(tx)
    missing = missing_facts(services)
    if as_json:
        shown = {
            "services": len(services),
            "missing": count_missing_facts(missing),
            "byService": [{"code": each.code, "name": each.name, "facts": list(each.facts)} for each in missing],
        }
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    table = Table("service", "name", "not known")
    for each in missing:
        table.add_row(each.code, each.name, ", ".join(each.facts))
    print_table(table)
    for name, many in count_missing_facts(missing).items():
        out.print(f"apuni: {name} is not known of {many} of {len(services)} services", markup=False)
