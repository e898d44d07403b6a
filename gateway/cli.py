"""The command line `apuni`. Heavy modules are imported by the command that needs them."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from gateway import sweeps
from gateway.commands.groups import GROUPS

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # they hold settings and tokens
    help="The Apuni Sarkar gateway.",
)
keys = typer.Typer(no_args_is_help=True, help="Keyrings of this installation.")
schema_commands = typer.Typer(no_args_is_help=True, help="The printed graph.")
app.add_typer(keys, name="keys")
app.add_typer(schema_commands, name="schema")

for _group in GROUPS:
    app.add_typer(_group)

_out = Console()
_err = Console(stderr=True)
ROOT = Path(__file__).parent.parent
SCHEMA_FILE = ROOT / "schema" / "schema.graphql"
RELEASED_FILE = ROOT / "schema" / "released.graphql"


@app.callback()
def _only_trouble() -> None:
    """Let the log go to standard error, masked as in a service, so that standard output is the command's own.

    Services set their own level when they start.
    """
    import logging

    from gateway.logs import configure_logging

    configure_logging(level=logging.WARNING, for_good=False)


def _tell(*lines: str) -> None:
    for line in lines:
        _err.print(f"apuni: {line}", markup=False, highlight=False, soft_wrap=True)


def _stop(*lines: str) -> NoReturn:
    _tell(*lines)
    raise typer.Exit(1)


@app.command()
def demo() -> None:
    """Start everything on this machine: sandboxes, store with demo people, gateway, worker."""
    from gateway.demo import Supervisor
    from gateway.greeting import greet
    from gateway.settings import read_settings

    settings = read_settings()
    if not settings.demo:
        _stop("the demo runs in the demo profile only")
    _writable(settings.home)
    supervisor = Supervisor(settings, _out)
    asyncio.run(supervisor.run(lambda: greet(settings, _out)))


@app.command()
def sandbox() -> None:
    """Run the sandboxes of the outside systems."""
    from gateway.city import serve_city
    from gateway.ports import check_port
    from gateway.settings import read_settings

    settings = read_settings()
    if not settings.demo:
        _stop("sandboxes run in the demo profile only")
    _writable(settings.home)
    if settings.sandbox_port:
        check_port("127.0.0.1", settings.sandbox_port, "SANDBOX_PORT")
    demo_folder = ROOT / "demo"
    asyncio.run(serve_city(settings.home, demo_folder, sandbox_port=settings.sandbox_port, gateway_url=settings.url))


@app.command()
def serve() -> None:
    """Run the gateway."""
    from gateway.serving import serve_gateway
    from gateway.settings import read_settings

    serve_gateway(read_settings())


@app.command()
def worker() -> None:
    """Run a worker: outbox, audit seal, counters."""
    from gateway.settings import read_settings
    from gateway.worker.deliveries import run_worker

    asyncio.run(run_worker(read_settings()))


@app.command()
def migrate() -> None:
    """Bring the store's schema up to date."""
    from gateway.settings import read_settings
    from store import crash_points
    from store.engine import migrate as migrate_store

    settings = read_settings()
    crash_points.arm(settings.crash_at if settings.demo else None)
    _writable(settings.home)
    asyncio.run(migrate_store(settings.store_url))


@app.command()
def seed() -> None:
    """Migrate the store, load catalogue and geography, and seed the demo once."""
    from gateway.seeding import seed_demo
    from gateway.settings import read_settings

    settings = read_settings()
    if not settings.demo:
        _stop("demo people are seeded in the demo profile only")
    _writable(settings.home)
    asyncio.run(seed_demo(settings, _out))


@app.command()
def token(
    as_role: Annotated[
        str, typer.Option("--as", help="citizen, operator, officer, appellate, commission, finance, ...")
    ],
    person: Annotated[
        str | None,
        typer.Option(help="a key of demo/people.json, officers.json or operators.json; a default one for each role"),
    ] = None,
) -> None:
    """Sign in the real way against the running sandboxes and print the session token."""
    from gateway.headless import sign_in_headless
    from gateway.settings import read_settings

    settings = read_settings()
    if not settings.demo:
        _stop("tokens are made by signing in; this command works in the demo profile only")
    typer.echo(asyncio.run(sign_in_headless(settings.url, as_role, person)))


@keys.command("init")
def keys_init() -> None:
    """Make the keyrings that are missing."""
    from gateway.settings import read_settings
    from store.keyring import Keyrings

    Keyrings(read_settings().keys_folder).init()


@keys.command("rotate")
def keys_rotate(purpose: str) -> None:
    """Make a new active key for a purpose; older ones stay for verifying."""
    from gateway.settings import read_settings
    from store.keyring import Keyrings

    Keyrings(read_settings().keys_folder).rotate(purpose)


@schema_commands.command("print")
def schema_print() -> None:
    """Write the graph to schema/schema.graphql."""
    from schema.printing import printed_schema

    SCHEMA_FILE.write_text(printed_schema(), encoding="utf-8")


@schema_commands.command("check")
def schema_check() -> None:
    """Fail where schema/schema.graphql is not what the code says."""
    from schema.printing import printed_schema

    if not SCHEMA_FILE.exists() or SCHEMA_FILE.read_text(encoding="utf-8") != printed_schema():
        _stop("schema/schema.graphql is not what the code says; run `make schema` and commit the file")


@schema_commands.command("diff")
def schema_diff() -> None:
    """Fail where the graph breaks clients of schema/released.graphql."""
    from domain.clock import SystemClock
    from gateway.commands.released import differences, told

    told(differences(RELEASED_FILE, SystemClock()))


@schema_commands.command("release")
def schema_release() -> None:
    """Promise the present graph to clients: write schema/released.graphql."""
    from gateway.commands.released import release

    release(RELEASED_FILE)


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".write-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        _stop(f"the folder {folder} cannot be written to ({error.strerror}); choose another with APUNI_HOME")


def main() -> None:
    """The entry point of the command `apuni`: a failure that is no defect is told in a line for each reason."""
    sweeps.begin()
    try:
        app()
    except Exception as error:
        from gateway.failures import lines_of

        lines = lines_of(error)
        if not lines:
            raise
        _tell(*lines)
        sys.exit(1)


if __name__ == "__main__":
    main()
