"""The commands `apuni catalogue` and `apuni doctor`: import services, and list what no source states."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from actions.catalogue.catalogue_import import import_portal, import_rows
from actions.catalogue.cells import REASONS, Reject, Row
from actions.catalogue.definitions import Examined, apply_plan, digest_of_plan, plan_of
from actions.catalogue.doctor import count_missing_facts, missing_facts
from actions.catalogue.files import FILES, CatalogueRows
from actions.kernel import Environment
from actions.officers.state_gaps import has_helpline, state_gaps
from domain.applications.holidays import calendar_of, lists_in_doubt, years_in_use
from domain.catalogue.definition_reading import DefinitionRefused, Document, read_document
from domain.kernel import Clock, CommandFailed, Language, Source, ist_date
from domain.kernel.state import installed_state
from gateway.commands.calendar import doubt_line
from gateway.commands.kernel import CommandGroup, account, out, print_json, print_lines, print_table, read_csv, readable
from gateway.documents.certificate_words import preview_data
from gateway.documents.template_faults import template_faults
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
from states.lint import faults_of, name_gaps
from store.catalogue import calendar, catalogue
from store.catalogue.calendar import NO_CALENDAR
from store.database.keyring import PURPOSES

group = CommandGroup()
"""The catalogue of services."""
doctor_group = CommandGroup()
"""Facts that this installation lacks."""

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


@doctor_group.storage_command("catalogue")
async def list_missing_facts(env: Environment, as_json: _Json = False) -> None:
    """List the facts that no source gives, by service: limits, fees, documents, officers and so on."""
    services = await env.store.read(catalogue.all_services)
    missing = missing_facts(services)
    counts = count_missing_facts(missing)
    if as_json:
        by_service = [{"code": each.code, "name": each.name, "facts": list(each.facts)} for each in missing]
        print_json({"services": len(services), "missing": counts, "byService": by_service})
        return
    print_table(("service", "name", "not known"), ((each.code, each.name, ", ".join(each.facts)) for each in missing))
    for name, many in counts.items():
        out.print(f"apuni: {name} is not known of {many} of {len(services)} services")


@doctor_group.storage_command("calendar")
async def list_calendar_doubts(env: Environment, as_json: _Json = False) -> None:
    """List the years in use whose list of holidays is missing or not verified, with the days that are not."""
    async with env.store.read_transaction() as tx:
        version = await calendar.latest_version(tx)
        held = [] if version is None else await calendar.holidays(tx, version)
        today = ist_date(tx.clock.now())
    doubts = lists_in_doubt(calendar_of(held, version or NO_CALENDAR.version), today)
    days = {year: [one for one in held if one.day.year == year and not one.verified] for year in doubts}
    if as_json:
        lists = [
            {"year": year, "list": state.value, "notVerified": [one.day.isoformat() for one in days[year]]}
            for year, state in doubts.items()
        ]
        print_json({"calendar": version, "yearsInUse": list(years_in_use(today)), "inDoubt": lists})
        return
    named = [one for year in doubts for one in days[year]]
    print_table(("day", "not verified", "kind"), ((f"{one.day}", one.name.en or "", one.kind) for one in named))
    for year, state in doubts.items():
        out.print(f"apuni: {doubt_line(year, state)}")
    if not doubts:
        out.print(f"apuni: the list of holidays is verified of {', '.join(map(str, years_in_use(today)))}")


@doctor_group.command("package")
def list_package_faults() -> None:
    """List what the package of the state lacks: its font, texts in its language, and names in its script.

    The exit status is 1 where the font or a text is missing, a text does not fit the English one, or a template of a
    certificate cannot be filled or laid out.
    """
    package = read_settings().package
    faults = [*faults_of(package.state), *template_faults(package.state)]
    print_lines((*faults, *name_gaps(package.folder)), f"{len(faults)} faults in {package.folder}")
    if faults:
        raise typer.Exit(1)


@doctor_group.storage_command("state")
async def list_state_gaps(env: Environment, as_json: _Json = False) -> bool:
    """List the posts that nobody holds: officers who decide, heads, authorities of appeal; and who answers meanwhile.

    The helpline is one of them: without it nobody answers what citizens write to a person.

    It tells too how many faults the package of the state has. The exit status is 1 where there is a gap or a fault.
    """
    gaps, helpline, state = await state_gaps(env), await has_helpline(env), installed_state()
    faults = [*faults_of(state), *template_faults(state)]
    complete = helpline and not gaps and not faults
    if as_json:
        print_json({"gaps": [asdict(gap) for gap in gaps], "helpline": helpline, "packageFaults": faults})
        return complete
    for gap in gaps:
        post = "HEAD" if gap.level is None else gap.level.value
        where, codes = ", ".join(gap.places) or "the whole state", ", ".join(gap.services)
        out.print(f"{gap.department or 'no department'}: no {post} in {where}; services {codes}")
        out.print(f"  answers by default: {gap.answered_by or 'nobody'}")
    out.print(f"apuni: {len(gaps)} posts are vacant" if gaps else "apuni: every service has its officers")
    if faults:
        out.print(f"apuni: the state's package has {len(faults)} faults, see `apuni doctor package`; first {faults[0]}")
    if not helpline:
        out.print("apuni: nobody has the post HELPLINE, so conversations that are handed over are not answered")
    return complete


@doctor_group.storage_command("keys")
async def list_keys(env: Environment, as_json: _Json = False) -> None:
    """List every key with its age (docs/adr/0018-keys.md)."""
    now = env.clock.now()
    rows = [
        {"purpose": purpose, "key": key.kid, "active": place == 0, "days": max((now - at).days, 0)}
        for purpose in PURPOSES
        for place, (key, at) in enumerate(zip(env.keyrings.keys(purpose), env.keyrings.made_at(purpose), strict=True))
    ]
    if as_json:
        print_json({"keys": rows})
        return
    shown = (
        (str(one["purpose"]), str(one["key"]), "active" if one["active"] else "", str(one["days"])) for one in rows
    )
    print_table(("keyring", "key", "", "days old"), shown)


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
