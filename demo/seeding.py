"""Prepares a store for the demo once: schema, catalogue, geography, people and histories."""

import csv
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from actions.catalogue.catalogue_import import import_catalogue
from actions.catalogue.files import FILES, CatalogueRows
from actions.catalogue.form_import import import_forms
from actions.catalogue.strengths_import import import_strengths
from actions.certificates.content import CertificateContent, RenderedCertificate, Renderer
from actions.kernel import Environment
from demo.operations_seeding import publish_folder
from demo.seed.connectors import seed_connectors
from demo.seed.receivers import seed_receiver
from demo.seed.seed import seed
from demo.seed.signing import seed_signing
from gateway.runtime.composition import open_runtime
from gateway.runtime.logs import configure_logging
from gateway.runtime.runfiles import NotUp, ports
from gateway.settings.settings import Settings
from sandbox.city.kit import load_demo
from states.packages import form_files
from store.database import migrate

ROOT = Path(__file__).parent.parent

LINE_EVERY = 100
"""Applications between two lines of progress where there is no terminal."""


def catalogue_rows(folder: Path) -> CatalogueRows:
    """The rows of every file that a state has."""
    return CatalogueRows(**{name: _rows(folder / file) for name, file in FILES.items() if (folder / file).is_file()})


def strength_rows(folder: Path) -> tuple[dict[str, str], ...]:
    """What services of a state ask of a sign-in, which may be nothing of their own."""
    file = folder / "local_strengths.csv"
    return _rows(file) if file.is_file() else ()


@contextmanager
def shown_progress(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Receives the progress, applications done of how many: a bar, or a line now and then in a log file."""
    if not console.is_terminal:
        yield _line_teller(console)
        return
    columns = (TextColumn("apuni: seeding demo applications"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("seeding", total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)


def _line_teller(console: Console) -> Callable[[int, int], None]:
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if done // LINE_EVERY > told // LINE_EVERY or done == total:
            told = done
            console.print(f"apuni: seeding demo applications {done}/{total}", highlight=False, soft_wrap=True)

    return tell


class _LateRenderer:
    """Loads the libraries of certificates for the first of them: a start that seeds nothing needs none of them."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        self._environment = environment
        self._folder = folder

    @cached_property
    def _renderer(self) -> Renderer:
        from gateway.documents.renderer import CertificateRenderer

        return CertificateRenderer(self._environment.keyrings, self._folder, self._environment.clock)

    def render(self, content: CertificateContent) -> RenderedCertificate:
        """Lay out and sign; blocking, called in a thread."""
        return self._renderer.render(content)


async def seed_demo(settings: Settings, console: Console) -> None:
    """Migrate, load the catalogue, seed; the second time nothing is done twice."""
    configure_logging(level=logging.WARNING)  # an event for each certificate would bury the progress
    await migrate(settings.store_url)
    async with open_runtime(settings) as house:
        loaded = await import_catalogue(house.environment, catalogue_rows(settings.package.folder))
        await import_forms(house.environment.store, form_files(settings.package.folder / "forms"))
        await import_strengths(house.environment.store, strength_rows(settings.package.folder))
        environment = replace(house.environment, rules=replace(house.environment.rules, calendar=loaded.calendar))
        renderer = _LateRenderer(environment, settings.home / "certificates")
        demo = load_demo(ROOT / "demo")
        with shown_progress(console) as tell:
            sown = await seed(environment, demo, progress=tell, renderer=renderer)
        console.print("apuni: demo people and applications seeded" if sown else "apuni: demo data are there already")
        files = [*(ROOT / "connectors").glob("*.yaml"), *settings.package.folder.glob("connectors/*.yaml")]
        joined = await seed_connectors(environment, demo, [file.read_text("utf-8") for file in files])
        console.print(f"apuni: {joined} systems joined by their files")
        with suppress(NotUp):
            city = f"http://127.0.0.1:{ports(settings.home)['sandbox']}"
            if await seed_receiver(environment, demo, city):
                console.print("apuni: the system of the Revenue Department is told of events")
            if await seed_signing(environment, demo, city):
                console.print("apuni: an officer signs solvency certificates with a token of the sandbox")
        published = await publish_folder(environment.store, environment.keyrings)
        console.print(f"apuni: {published} operations of operations/ can be asked for by id")


def _rows(path: Path) -> tuple[dict[str, str], ...]:
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
