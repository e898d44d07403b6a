"""Searches services in an index of each process, rebuilt when the catalogue changes."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeVar

from actions.kernel import Environment
from domain.catalogue.catalogue import Facts, LifeEvent, Service, ServiceSort, may_be_eligible
from domain.catalogue.search import BEST, CatalogueIndex, Found
from domain.kernel import Language, sort_key
from store.catalogue import catalogue

Place = tuple[str, str]
"""The position of a service in the requested list: order, rank and name as one text, and its code."""
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which services are listed; all that is given must hold.

    With `facts` these are the services whose bounds are known, and that no given fact excludes.
    """

    search: str | None = None
    department: str | None = None
    category: str | None = None
    open_only: bool = False
    life_event: LifeEvent | None = None
    facts: Facts | None = None
    or_handed_over: bool = False
    """Lets services of other bodies through `open_only` too."""


async def index_of(env: Environment) -> CatalogueIndex:
    """The index of the catalogue as it is now; two small queries where it did not change.

    A department's names are words of its services, and have no version: the names themselves show a renamed one.
    """
    async with env.store.read_transaction() as tx:
        departments = await catalogue.departments(tx)
        named = tuple((one.slug, one.name.hi, one.name.en) for one in departments)
        stamp = (await catalogue.catalogue_stamp(tx), named)
        kept = env.caches.catalogue.get(stamp)
        if kept is not None:
            return kept
        services = await catalogue.all_services(tx)
    made = await asyncio.to_thread(CatalogueIndex, services, departments)
    env.caches.catalogue.put(stamp, made)
    return made


async def find_services(env: Environment, wanted: Wanted) -> list[Found]:
    """The services that are wanted: the best first where words were given, else by English name."""
    index = await index_of(env)
    searched = wanted.search is not None and wanted.search.strip() != ""
    found = index.find(wanted.search or "") if searched else [Found(service, 0) for service in index.services]
    return [each for each in found if _is_wanted(each.service, wanted)]


def page_of(
    rows: Iterable[Row], places: Callable[[Row], Place], place: Place | None, size: int, *, backward: bool
) -> list[tuple[Place, Row]]:
    """So many rows behind a place, or, `backward`, the last ones before it, in the order of their places and with them.

    No place is that end of the list.
    """
    placed = sorted(((places(row), row) for row in rows), key=itemgetter(0))
    if backward:
        return [one for one in placed if place is None or one[0] < place][-size:]
    return [one for one in placed if place is None or one[0] > place][:size]


def place_of(found: Found, order: Language | None = None) -> Place:
    """The position of a service, stable when others are added or removed."""
    return named_place(found.service, order, f"{BEST - found.score:04d} ")


def named_place(service: Service, order: Language | None, rank: str = "") -> Place:
    """The position of a service in a list by rank and name; it begins with the language whose order it is in."""
    if order is None:
        return rank + service.name.en, service.code
    return f"{order.catalogue.value} {rank}{sort_key(service.name.in_language(order))[0]}", service.code


def order_of(sort: ServiceSort, place: Place | None, reader: Language) -> Language | None:
    """The language in whose order a page goes on: that of its cursor, else of the reader; None for English names."""
    if sort is ServiceSort.ENGLISH_NAME:
        return None
    return Language(place[0][:2]) if place else reader


def _is_wanted(service: Service, wanted: Wanted) -> bool:
    eligible = service.eligibility is not None and may_be_eligible(service.eligibility, wanted.facts or Facts())
    return (
        wanted.department in (None, service.department)
        and wanted.category in (None, service.category)
        and (service.open or not wanted.open_only or (wanted.or_handed_over and service.hand_over is not None))
        and (wanted.life_event is None or wanted.life_event in (service.life_events or ()))
        and (wanted.facts is None or eligible)
    )
