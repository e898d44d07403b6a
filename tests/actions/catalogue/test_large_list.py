"""The portal's whole list, numbered: 866 rows that are made here by a seed and stand in no catalogue."""

import random  # noqa: TID251 - seeded, for rows that are the same each time
from dataclasses import replace
from typing import Any

import pytest

from actions.catalogue.catalogue_import import import_portal
from actions.catalogue.changes import Imported
from actions.catalogue.rows import read_catalogue
from domain.catalogue.catalogue import Fact, Service, ServiceKind
from integrations.portal import read_catalogue as read_records
from store.catalogue import catalogue
from tests.support.actions import World, catalogue_rows
from tests.support.walks import Office

KNOWN = [one for one in read_catalogue(catalogue_rows()).services if one.code_source == "PORTAL"]
DEPARTMENTS = ("revenue-department", "social-welfare-development", "panchayati-raj-development", "employment-dept")
NAMES = {
    ServiceKind.CERTIFICATE: "Certificate",
    ServiceKind.LICENCE: "Licence",
    ServiceKind.REGISTRATION: "Registration",
    ServiceKind.BENEFIT: "Assistance",
    ServiceKind.GRIEVANCE: "Complaint",
    ServiceKind.BOOKING: "Booking",
    ServiceKind.BILL: "Bill Payment",
    ServiceKind.INFORMATION: "Information",
}
MANY = 866


def synthetic_rows() -> list[dict[str, Any]]:
    """The 35 services whose slugs are known and made-up ones, in the portal's shape."""
    draw = random.Random(20)
    known = [{"id": 100 + place, "slug": one.slug, "nameEnglish": one.name.en} for place, one in enumerate(KNOWN)]
    made = [
        {
            "id": 1000 + place,
            "slug": f"synthetic-{place}",
            "nameEnglish": f"SYNTHETIC {list(NAMES.values())[place % len(NAMES)]} {place}",
            "department": {"slug": draw.choice(DEPARTMENTS)},
            "charge": draw.choice((0, 30, 40)),
            "deliveryTimeInSeconds": 86_400 * draw.randint(1, 30),
            "rts": draw.random() < 0.5,
            "documents": [],
        }
        for place in range(MANY - len(known))
    ]
    return [*known, *made]


async def imported(world: World, told: list[tuple[int, int]] | None = None, **how: bool) -> Imported:
    """The list taken over."""
    read = read_records(synthetic_rows())
    tell = (told if told is not None else []).append
    return await import_portal(
        world.env.store, read, dry_run=False, tell=lambda done, total: tell((done, total)), **how
    )


async def services(world: World) -> dict[str, Service]:
    async with world.env.store.read_transaction() as tx:
        return {one.code: one for one in await catalogue.all_services(tx)}


async def test_a_numbered_list_keeps_our_codes_by_slug_and_enters_the_rest_under_their_numbers(world: World):
    before, told = await services(world), []

    result = await imported(world, told)

    after = await services(world)
    assert result.rejects == ()
    assert len(after) == len(before) + MANY - len(KNOWN)
    assert {after[one.code].slug for one in KNOWN} == {one.slug for one in KNOWN}
    assert after["1000"].name.en == "SYNTHETIC Certificate 0"
    assert told[-1] == (MANY, MANY)


async def test_the_same_list_again_changes_nothing(world: World):
    await imported(world)

    assert (await imported(world)).changes == ()


async def test_what_only_the_list_knows_stays_closed_unless_it_is_asked_to_open(world: World):
    await imported(world)
    closed = [one for one in (await services(world)).values() if one.name.en.startswith("SYNTHETIC")]
    assert not any(one.open for one in closed)

    await imported(world, open_unknown=True)

    after = await services(world)
    assert all(one.open for one in after.values() if one.name.en.startswith("SYNTHETIC"))
    assert not any(after[one.code].open for one in KNOWN if one.hand_over)


async def test_a_service_that_somebody_closed_stays_closed_when_unknown_ones_are_opened(world: World):
    await imported(world, open_unknown=True)
    opened = (await services(world))["1000"]
    await world.env.store.carry_out(lambda tx: catalogue.upsert_services(tx, [replace(opened, open=False)]))

    await imported(world, open_unknown=True)

    after = await services(world)
    assert (after["1000"].open, after["1001"].open) == (False, True)


async def test_the_kind_read_in_a_name_is_not_confirmed_and_what_the_list_says_is(world: World):
    await imported(world)
    made = (await services(world))["1000"]

    assert made.kind is ServiceKind.CERTIFICATE
    assert not made.source_of(Fact.KIND).confirmed
    assert made.source_of(Fact.FEE).confirmed
    assert made.source_of(Fact.OUTCOME) is None


@pytest.mark.parametrize("kind", list(NAMES))
async def test_a_service_of_each_kind_is_walked_to_its_outcome(office: Office, kind: ServiceKind):
    await imported(office.world, open_unknown=True)
    made = [one for one in (await services(office.world)).values() if one.name.en.startswith("SYNTHETIC")]
    service = next(one for one in made if one.kind is kind)

    approved = await office.approved(service, await office.paid(await office.handed_in(service)))

    assert await office.ends_as_it_should(service, approved)
