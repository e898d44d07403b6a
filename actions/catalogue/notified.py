"""The public list of notified services with their limits and authorities, from the current catalogue."""

from dataclasses import dataclass

from actions.kernel import Environment
from domain.catalogue.catalogue import Department, Service
from store.catalogue import catalogue


@dataclass(frozen=True, slots=True)
class NotifiedFilter:
    """Which services are listed; None lets every one through. `most_days` lets known limits through only."""

    department: str | None = None
    words: str | None = None
    most_days: int | None = None


async def notified_services(env: Environment, wanted: NotifiedFilter) -> list[Service]:
    """Notified services by English name and code; one of which it is not known is not taken for notified."""
    services = await env.store.read(catalogue.all_services)
    return [one for one in services if one.rts_notified and _passes(one, wanted)]


async def departments_by_slug(env: Environment) -> dict[str, Department]:
    """Departments by their slug, for the names on the list."""
    async with env.store.read_transaction() as tx:
        return {one.slug: one for one in await catalogue.departments(tx)}


def _passes(service: Service, wanted: NotifiedFilter) -> bool:
    of_department = wanted.department in (None, service.department)
    short = wanted.most_days is None or (service.limit_days is not None and service.limit_days <= wanted.most_days)
    return of_department and short and _says(service, wanted.words)


def _says(service: Service, words: str | None) -> bool:
    text = f"{service.name.hi or ''} {service.name.en} {service.code}".casefold()
    return all(word in text for word in (words or "").casefold().split())
