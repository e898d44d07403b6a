"""The commands of `apuni catalogue`: import services."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from actions.catalogue.catalogue_import import import_portal, import_rows
from actions.catalogue.cells import REASONS, Reject, Row
from actions.catalogue.definitions import Examined, apply_plan, digest_of_plan, plan_of
from actions.catalogue.files import FILES, CatalogueRows
from actions.kernel import Environment
from domain.catalogue.definition_reading import DefinitionRefused, Document, read_document
from domain.kernel import Clock, CommandFailed, Language, Source
from gateway.commands.kernel import CommandGroup, account, print_json, read_csv, readable
from gateway.documents.certificate_words import preview_data
from gateway.pages.downloads.definition_pdf import specimen_content
from gateway.pages.downloads.review_pdf import laid_out
from gateway.pages.downloads.spreadsheets import csv_line
from gateway.settings.settings import read_settings
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.errors import RemoteError
from integrations.calling.kill_switch import KillSwitch
from integrations.calling.monitor import SourceMonitor
from integrations.calling.remote import Remote, Resilience
from integrations.calling.transport import Transports
from integrations.portal import NotACatalogue, PortalCatalogue, ReadCatalogue, read_catalogue

group = CommandGroup()
"""The catalogue of services."""

_Json = Annotated[bool, typer.Option("--json", help="print JSON")]

ENDS_IN_ORDER = (
    "what only the portal's list knows ends in an order, also a certificate or benefit, until a definition names its "
    "document type or scheme"
)
MOST_BYTES = 20_000_000
OPTIONAL = frozenset(name for name, file in FILES.items() if file.startswith("local_"))
"""Files that a folder may lack; without the others nothing is imported."""


@group.storage_command("import")
async def import_services(
    env: Environment,
    source: Annotated[
        str,
        typer.Argument(help="a folder such as states/<state>/, a JSON file of the portal's shape, or its address"),
    ],
    dry_run: Annotated[bool, typer.Option(help="only show what would change")] = False,
    open_unknown: Annotated[
        bool,
        typer.Option(
            help="let services that only the portal's list knows take applications, unconfirmed; all end in an order"
        ),
    ] = False,
    as_json: _Json = False,
    rejects: Annotated[Path | None, typer.Option(help="a CSV file for the rows that are left out")] = None,
) -> None:
    """Import services, all or nothing, as often as needed; applications keep the rules that they were filed under.

    The exit status is 1 where nothing could be imported, and 2 where rows were left out.
    """
    if rejects is not None:
        try:
            rejects.open("a", encoding="utf-8").close()
        except OSError as error:
            raise CommandFailed(f"the file {rejects} cannot be written ({error.strerror})") from None
    if (rows := _read_folder(Path(source))) is not None:
        imported = await import_rows(env.store, rows, dry_run=dry_run, by=account(), tell=_print_progress)
    else:
        read = await _read_portal(source, env.clock)
        imported = await import_portal(
            env.store, read, dry_run=dry_run, by=account(), tell=_print_progress, open_unknown=open_unknown
        )
    if as_json:
        print_json(imported.as_json())
    else:
        typer.echo("\n".join([*imported.lines(), *([ENDS_IN_ORDER] if open_unknown else [])]))
    if rejects is not None:
        write_rejects(rejects, imported.rejects)
        typer.echo(f"apuni: {len(imported.rejects)} rows that were left out are in {rejects}", err=True)
    else:
        for reject in imported.rejects:
            typer.echo(f"apuni: {reject.words}", err=True)
    if imported.rejects:
        raise typer.Exit(2)


_Files = Annotated[list[Path], typer.Argument(help="files of definitions (docs/definitions.md)")]


@group.storage_command("plan")
async def plan_definitions(
    env: Environment,
    files: _Files,
    specimens: Annotated[
        Path | None, typer.Option(help="a folder for the certificates as people will see them, with made-up data")
    ] = None,
) -> None:
    """Show what publishing definitions of services would change, and the number of that plan."""
    with _refusals_as_lines():
        plan = await plan_of(env, _documents(files))
    typer.echo("\n".join(_lines_of(plan)))
    if specimens is not None:
        for one in plan:
            await _write_specimen(env, one, specimens / f"{one.service.code}.pdf")
    typer.echo(f"plan {digest_of_plan(plan)}")


@group.storage_command("apply")
async def apply_definitions(
    env: Environment, files: _Files, plan: Annotated[str, typer.Option(help="the number that `plan` showed")]
) -> None:
    """Publish definitions of services as planned; refused where files or catalogue changed since."""
    with _refusals_as_lines():
        applied = await apply_plan(env, _documents(files), plan, account())
    typer.echo("\n".join(_lines_of(applied)))


async def _write_specimen(env: Environment, one: Examined, file: Path) -> None:
    """The certificate of a definition, where its service ends in one."""
    content = await env.store.read(partial(specimen_content, env, one))
    if content is None:
        return
    _write(file, await laid_out(preview_data(content)))
    typer.echo(f"specimen {file}")


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise CommandFailed(f"the file {file} cannot be written ({error.strerror})") from None


def _documents(files: Sequence[Path]) -> list[Document]:
    documents = []
    for file in files:
        with readable(file):
            content = file.read_bytes()
        try:
            documents.append(read_document(content))
        except DefinitionRefused as refused:
            raise CommandFailed(*(f"{file}: {line}" for line in _refusal_lines(refused))) from None
    return documents


@contextmanager
def _refusals_as_lines() -> Iterator[None]:
    try:
        yield
    except DefinitionRefused as refused:
        raise CommandFailed(*_refusal_lines(refused)) from None


def _refusal_lines(refused: DefinitionRefused) -> list[str]:
    return [f"{one.cell or 'the file'}: {one.rule.value}: {one.text(Language.EN)}" for one in refused.findings]


def _lines_of(plan: Sequence[Examined]) -> list[str]:
    same = "= service {0.code} {0.name.en}: as it is"
    return [one.change.line() if one.change else same.format(one.service) for one in plan]


def _read_folder(folder: Path) -> CatalogueRows | None:
    """The rows of the files of a folder such as states/<state>/, None for no folder; raises CommandFailed by file."""
    if not folder.is_dir():
        return None
    rows: dict[str, tuple[Row, ...]] = {}
    for name, file in FILES.items():
        path = folder / file
        if not path.exists() and name in OPTIONAL:
            rows[name] = ()
            continue
        _refuse_large(path)
        rows[name] = tuple(read_csv(path))
    return CatalogueRows(**rows)


async def _read_portal(source: str, clock: Clock) -> ReadCatalogue:
    if urlsplit(source).scheme in ("http", "https"):
        return await _fetch_catalogue(source, clock)
    try:
        return read_catalogue(_read_json(Path(source)))
    except NotACatalogue as wrong:
        raise CommandFailed(f"the file {source} is not a catalogue: {wrong}") from None


async def _fetch_catalogue(address: str, clock: Clock) -> ReadCatalogue:
    """The catalogue at an address, through the resilient caller; in production by https only."""
    settings, parts = read_settings(), urlsplit(address)
    if parts.username or parts.query or parts.fragment or (parts.scheme != "https" and not settings.takes_sandboxes):
        raise CommandFailed("the address must be plain https, without user, query or fragment")
    base = f"{parts.scheme}://{parts.netloc}"
    kept = AnswerCache(open_cache(None), clock)
    shared = Resilience(clock, Breakers(clock), kept, SourceMonitor(()), KillSwitch())
    try:
        lines = Transports(clock, kind=settings.http_transport, demo=settings.takes_sandboxes)
        async with lines.client_for([base]) as client:
            remote = Remote(Source.DEPARTMENTS, base, client=client, shared=shared)
            return await PortalCatalogue(remote, parts.path or "/").services()
    except RemoteError as error:
        raise CommandFailed(f"the portal did not give its catalogue ({error.code})") from None
    finally:
        await kept.close()


def _read_json(file: Path) -> Any:
    _refuse_large(file)
    with readable(file):
        return json.loads(file.read_text(encoding="utf-8-sig"))


def _refuse_large(path: Path) -> None:
    """Raise CommandFailed for a file that is too large, or cannot be read."""
    with readable(path):
        size = path.stat().st_size
    if size > MOST_BYTES:
        raise CommandFailed(f"the file {path} is larger than {MOST_BYTES // 1_000_000} MB")


def write_rejects(file: Path, rejects: Sequence[Reject]) -> None:
    """The rejects as CSV: file, row, key, field, reason, and the reason in words."""
    heading = ("file", "row", "key", "field", "reason", "meaning")
    rows = [(each.file, each.row, each.key, each.field, each.reason, REASONS[each.reason]) for each in rejects]
    file.write_bytes(b"".join(map(csv_line, (heading, *rows))))


def _print_progress(done: int, total: int, /) -> None:
    """Report on stderr, one line in its place on a terminal; a file gets no line but the last."""
    if sys.stderr.isatty():
        typer.echo(f"\rapuni: {done}/{total} services", err=True, nl=done == total)
    elif done == total:
        typer.echo(f"apuni: {done}/{total} services", err=True)
