"""Every service that is applied for here, by name, from its form to its outcome; what is not known of it is invented
nowhere on the way.
"""

from dataclasses import replace

import pytest

from actions.catalogue.rows import read_catalogue
from actions.certificates.issue import issue_certificate
from domain.applications.lifecycle import Status
from domain.catalogue.catalogue import Fact, Outcome, Service
from store.catalogue import catalogue
from tests.support.actions import World, catalogue_rows
from tests.support.walks import Office

OPEN = [service for service in read_catalogue(catalogue_rows()).services if service.open]


@pytest.mark.parametrize("service", OPEN, ids=lambda service: service.name.en)
async def test_a_service_is_walked_from_its_form_to_its_outcome(office: Office, service: Service):
    application = await office.paid(await office.handed_in(service))
    assert application.status is Status.IN_SCRUTINY

    approved = await office.approved(service, application)

    assert await office.ends_as_it_should(service, approved)


@pytest.mark.parametrize("service", OPEN, ids=lambda service: service.name.en)
def test_a_notified_limit_names_its_source_and_no_unverified_row_is_shown_as_confirmed(service: Service):
    stated = service.source_of(Fact.TIME_LIMIT) if service.limit_days is not None else None

    assert (stated is None) == (service.limit_days is None)
    assert stated is None or (stated.source and stated.confirmed == service.verified)


async def test_a_licence_is_valid_for_as_many_months_as_a_source_says(office: Office, world: World):
    licence = next(service for service in OPEN if service.outcome is Outcome.LICENCE)
    rows = catalogue_rows()
    said = tuple(
        {**row, "validity_months": "12"} if row["name_en"] == licence.name.en else row for row in rows.outcomes
    )
    [dated] = [one for one in read_catalogue(replace(rows, outcomes=said)).services if one.code == licence.code]
    async with world.env.store.write_transaction() as tx:
        await catalogue.upsert_services(tx, [dated])
    approved = await office.approved(dated, await office.paid(await office.handed_in(dated)))

    issued = await issue_certificate(world.env, approved.id, office.renderer)

    assert issued is not None
    assert (issued.issued_on.isoformat(), str(issued.valid_until)) == ("2026-11-24", "2027-11-23")
