"""Loaders of applications, in a module of their own to avoid an import cycle with the type."""

from functools import partial
from typing import Annotated, TypeAlias

import strawberry

from actions.applications.renew import renewal_days
from actions.kernel import Environment, aliases, courses_of, of_appeal
from actions.kernel.case_reads import read_all, read_applicants
from domain.applications.applications import Application
from domain.identity.policy import Resource
from domain.kernel import Citizen, Subject, TypeCode
from domain.officers.desk import ReadPurpose
from schema.kernel import VIEWS, Loader, Read, field_by_key, many_by_key, one_by_key
from store.appeals import appeals
from store.applications import applications, shown_status
from store.certificates import officer_signatures
from store.identity import assistances, people, strengths

Named: TypeAlias = tuple[str, str, ReadPurpose | None]
"""An application by the kind of its name, the name, and the purpose that was stated for reading it."""

Applied: TypeAlias = tuple[str, Resource]
"""The applicant of an application: its id, and she as a resource by its place."""

_NAMES: dict[str, Read[str, Application]] = {
    "id": applications.by_ids,
    "number": applications.by_numbers,
    "acknowledgement": applications.by_acknowledgements,
    "old_number": aliases.applications_by_old,
}


async def _read_named(env: Environment, subject: Subject, names: list[Named]) -> list[Application | Exception | None]:
    """Applications by whatever names them; an officer's case outside her queue is PURPOSE_REQUIRED in its place."""
    found: dict[tuple[str, str], Application] = {}
    async with env.store.read_transaction() as tx:
        for kind, read in _NAMES.items():
            keys = [key for name, key, _ in names if name == kind]
            values = await read(tx, keys) if keys else {}
            found |= {(kind, key): value for key, value in values.items()}
    asked = {name: (found[name[:2]], name[2]) for name in names if name[:2] in found}
    answers = await read_all(env, subject, list(asked.values()))
    by_name = dict(zip(asked, answers, strict=True))
    return [by_name.get(name) for name in names]


async def _by_id(env: Environment, subject: Subject, ids: list[str]) -> list[Application | Exception | None]:
    return await _read_named(env, subject, [("id", key, None) for key in ids])


async def _by_number(env: Environment, subject: Subject, numbers: list[str]) -> list[Application | Exception | None]:
    return await _read_named(env, subject, [("number", number, None) for number in numbers])


async def _read_applicants(env: Environment, subject: Subject, asked: list[Applied]) -> list[Citizen | None]:
    """The citizens of applications: an officer may see one by the place of her application."""
    found = await env.store.read(lambda tx: people.citizens(tx, [str(resource.citizen_id) for _, resource in asked]))
    purposes = await read_applicants(env, subject, asked)
    return [
        found.get(str(resource.citizen_id)) if given else None
        for (_, resource), given in zip(asked, purposes, strict=True)
    ]


application_by_id: Loader[str, Application | None] = Loader(_by_id)
application_by_number: Loader[str, Application | None] = Loader(_by_number)
application_by_name: Loader[Named, Application | None] = Loader(_read_named)
applicant_of_application = Loader(_read_applicants)
appeals_of_application = many_by_key(appeals.of_applications, of_appeal)
# The loaders below are keyed by applications that were let through before.
old_numbers_of_application = many_by_key(aliases.old_numbers_of)
paper_of_application = one_by_key(assistances.papers_of_applications)
strength_of_application = one_by_key(strengths.applied_with)
course_of_application = one_by_key(courses_of)
renewal_of_application = one_by_key(renewal_days)
signing_of_application = one_by_key(officer_signatures.open_of_applications)
money_not_arrived = one_by_key(shown_status.not_arrived)


def _view(item: Application) -> object:
    return VIEWS[TypeCode.APPLICATION](item)


application_field = partial(
    field_by_key,
    application_by_id,
    _view,
    "item.application_id",
    graph_type=Annotated["Application", strawberry.lazy("schema.applications.types")],
)
"""A field that shows the application that its parent belongs to, to those who may see it."""
