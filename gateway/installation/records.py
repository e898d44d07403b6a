"""Checks of what people entered: the calendar, the officers, the catalogue."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from actions.catalogue.doctor import count_missing_facts, missing_facts
from actions.kernel import Environment
from actions.officers.state_gaps import has_helpline, state_gaps
from actions.registry import REGISTRY
from domain.applications.deadline import ListState
from domain.applications.holidays import calendar_of, lists_in_doubt, years_in_use
from domain.kernel import CommandFailed, SystemClock, ist_date
from gateway.commands.calendar import doubt_line
from gateway.installation.checks import Finding, State
from gateway.installation.servers import missing_file
from gateway.runtime.composition import open_keyrings
from gateway.settings.settings import Settings
from store.catalogue import calendar, catalogue
from store.database import FieldCipher, Store


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The store alone, of which nothing is made. Raises StoreUnavailable, CommandFailed."""
    if missing_file(settings.store_url) is not None:
        raise CommandFailed("there is no database yet; run `apuni migrate`")
    store = await Store.open(settings.store_url, cipher=FieldCipher(open_keyrings(settings)), clock=SystemClock())
    try:
        yield store
    finally:
        await store.close()


async def check_calendar(settings: Settings) -> list[Finding]:
    """Whether the lists of holidays of the years in use are there and verified."""
    async with open_store(settings) as store, store.read_transaction() as tx:
        version = await calendar.latest_version(tx)
        held = [] if version is None else await calendar.holidays(tx, version)
    today = ist_date(store.clock.now())
    doubts = lists_in_doubt(calendar_of(held, version or calendar.NO_CALENDAR.version), today)
    remedy = "import the notified list by `apuni calendar import` (docs/deadlines.md)"
    states = {ListState.MISSING: State.FAULT}
    found = [
        Finding("calendar", states.get(state, State.WARNING), doubt_line(year, state), remedy)
        for year, state in doubts.items()
    ]
    return found or [Finding("calendar", State.OK, f"verified of {', '.join(map(str, years_in_use(today)))}")]


async def check_officers(settings: Settings) -> list[Finding]:
    """Whether every service has its officers, and the helpline somebody."""
    async with open_store(settings) as store:
        nobody: Any = None
        env = Environment(store, nobody, nobody, nobody, store.clock, nobody, nobody, REGISTRY, nobody, settings.url)
        gaps, helpline = await state_gaps(env), await has_helpline(env)
    found, remedy = [], "`apuni doctor state` lists them; enter officers by `apuni officer import`"
    if unanswered := [gap for gap in gaps if gap.level is not None and gap.answered_by is None]:
        found.append(Finding("officers", State.FAULT, f"{len(unanswered)} posts are vacant and nobody answers", remedy))
    if others := len(gaps) - len(unanswered):
        found.append(Finding("officers", State.WARNING, f"{others} posts are vacant", remedy))
    if not helpline:
        found.append(Finding("officers", State.FAULT, "nobody has the post HELPLINE", remedy))
    return found or [Finding("officers", State.OK, "every service has its officers")]


async def check_catalogue(settings: Settings) -> list[Finding]:
    """Whether there are services, and how many lack facts."""
    async with open_store(settings) as store:
        services = await store.read(catalogue.all_services)
    if not services:
        return [Finding("catalogue", State.FAULT, "there is no service", "run `apuni catalogue import states/<state>`")]
    counts = count_missing_facts(missing_facts(services))
    if lacking := {name: many for name, many in counts.items() if many}:
        told = f"of {len(services)} services, {', '.join(f'{many} lack {name}' for name, many in lacking.items())}"
        return [Finding("catalogue", State.WARNING, told, "`apuni doctor catalogue` lists them")]
    return [Finding("catalogue", State.OK, f"{len(services)} services")]
