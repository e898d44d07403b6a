"""Services whose steps a definition gives, for tests: published at once, or as a document."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.catalogue.definitions import Definition, step_from
from store.catalogue import catalogue
from store.database import Store
from tests.support.actions import FREE, World

QUESTION = {"hi": "क्या भूमि विवादरहित है?", "en": "Is the land free of disputes?"}
REVENUE, WELFARE = "revenue-department", "social-welfare-development"


def clearance_of(department: str) -> Mapping[str, Any]:
    """The step of a clearance that a department gives."""
    return {"kind": "CLEARANCE", "department": department, "question": QUESTION}


async def give_steps(
    world: World | Store,
    *steps: str | Mapping[str, Any],
    code: str = FREE,
    valid_months: int | None = None,
    renew_days: int | None = None,
    remind_days: tuple[int, ...] = (),
    **facts: Any,
) -> None:
    """Give a service a next entry with these steps, named by their kinds alone where they say no more, and facts."""
    said = tuple(step_from({"kind": one} if isinstance(one, str) else one) for one in steps)
    definition = Definition(said, "a test", "the Act", "a notification", renew_days=renew_days, remind_days=remind_days)
    store = world if isinstance(world, Store) else world.env.store
    async with store.write_transaction() as tx:
        service = await catalogue.service(tx, code)
        assert service is not None
        weighed = definition.quorum > 1
        given = {"needs_second_pair": weighed, "validity_months": valid_months, **facts}
        await catalogue.upsert_services(tx, [replace(service, definition=definition, **given)])


def a_document(**changes: Any) -> dict[str, Any]:
    """A definition of a service that the catalogue does not have; a change to None leaves a member out."""
    document = {
        "service": "TEST-1",
        "slug": "land-use-note",
        "name": {"hi": "भूमि उपयोग टिप्पणी", "en": "Note on Land Use"},
        "department": REVENUE,
        "steps": [{"kind": "SCRUTINY"}, {"kind": "ISSUE"}],
        "levels": {"designated": "Tehsildar", "firstAppellate": "Sub-Divisional Magistrate"},
        "notified": True,
        "limit": {"days": 15, "unit": "WORKING_DAYS", "act": "An Act", "notification": "No. 1 of 2026"},
        "outcome": {"kind": "ORDER"},
        "source": "a test",
    }
    return {name: value for name, value in {**document, **changes}.items() if value is not None}
