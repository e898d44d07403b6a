"""A licence is renewed: when, by whom, with which answers, and what the new one says, on each store."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.renew import RenewCertificate, renew_certificate
from actions.applications.submit import SaveDraft, save_draft, submit_application
from actions.certificates.issue import issue_certificate
from domain.applications.applications import Application, Channel, DeliveryMode
from domain.applications.lifecycle import Status
from domain.catalogue.renewals import renewable_from
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.kernel import ErrorCode, Problems, Subject
from store.catalogue import catalogue
from store.certificates import certificates
from tests.support.actions import FREE, FakeRenderer, World, request_for
from tests.support.definitions import give_steps
from tests.support.worlds import wrong

pytestmark = pytest.mark.integration
DAYS = 30


@pytest.fixture
def world(peopled: World) -> World:
    """The world on each store."""
    return peopled


async def licensed(world: World, renew_days: int | None = DAYS) -> IssuedCertificate:
    """A licence for a year of Asha's."""
    await give_steps(world, "SCRUTINY", "ISSUE", valid_months=12, renew_days=renew_days)
    case = await world.approved(world.asha, FREE, world.registrar)
    issued = await issue_certificate(world.env, case.id, FakeRenderer())
    assert issued is not None
    return issued


def wait_until(world: World, day: date) -> None:
    world.clock.advance(timedelta(days=(day - world.clock.now().date()).days))


def first_day(licence: IssuedCertificate) -> date:
    assert licence.valid_until is not None
    return licence.valid_until - timedelta(days=DAYS)


async def renewed(world: World, licence: IssuedCertificate, by: Subject | None = None, key: str = "renew"):
    return (await renew_certificate(world.env, by or world.asha, RenewCertificate(licence.id, key)))[0]


async def handed_in(world: World, draft: Application, **more) -> Application:
    request = request_for(FREE, form=draft.form, draft_id=draft.id, idempotency_key=f"in-{draft.id}", **more)
    return (await submit_application(world.env, world.asha, request))[0]


async def code_of(attempt) -> ErrorCode:
    with pytest.raises(Problems) as caught:
        await attempt
    return caught.value.code


async def test_a_renewal_is_a_draft_with_the_answers_of_before_that_is_tied_to_the_licence(world: World):
    licence = await licensed(world)
    wait_until(world, first_day(licence))

    draft = await renewed(world, licence)

    assert (draft.status, draft.renews, draft.service_code) == (Status.DRAFT, licence.number, FREE)
    assert draft.form["father_name"] == "Bachan Singh"
    assert (await handed_in(world, draft)).renews == licence.number


async def test_the_new_licence_names_the_old_one_and_goes_on_from_its_end(world: World):
    licence = await licensed(world)
    wait_until(world, first_day(licence))
    case = await handed_in(world, await renewed(world, licence))
    await decide_application(world.env, world.registrar, Decide(case.id, Verdict.APPROVE, "approve-renewal"))
    press = FakeRenderer()

    new = await issue_certificate(world.env, case.id, press)

    assert press.rendered[-1].previous_number == licence.number
    assert new is not None
    assert licence.valid_until is not None
    assert new.valid_until == licence.valid_until.replace(year=licence.valid_until.year + 1)
    assert await wrong(world.env) == []


@pytest.mark.parametrize("days", [-1, DAYS + 1])
async def test_a_renewal_before_its_first_day_or_after_the_last_is_refused(world: World, days: int):
    licence = await licensed(world)
    wait_until(world, first_day(licence) + timedelta(days=days))

    assert await code_of(renewed(world, licence)) is ErrorCode.RENEWAL_NOT_OPEN


async def test_a_draft_that_is_handed_in_after_the_last_day_is_refused(world: World):
    licence = await licensed(world)
    wait_until(world, first_day(licence))
    draft = await renewed(world, licence)
    wait_until(world, first_day(licence) + timedelta(days=DAYS + 1))

    assert await code_of(handed_in(world, draft)) is ErrorCode.RENEWAL_NOT_OPEN


async def test_a_licence_whose_definition_names_no_renewal_is_not_renewed(world: World):
    licence = await licensed(world, renew_days=None)
    wait_until(world, first_day(licence))

    assert await code_of(renewed(world, licence)) is ErrorCode.RENEWAL_NOT_OPEN


async def test_a_licence_is_renewed_once(world: World):
    licence = await licensed(world)
    wait_until(world, first_day(licence))
    await handed_in(world, await renewed(world, licence))

    assert await code_of(renewed(world, licence, key="again")) is ErrorCode.ALREADY_APPLIED


async def test_a_renewal_and_a_new_application_are_different_matters(world: World):
    licence = await licensed(world)
    wait_until(world, first_day(licence))
    await handed_in(world, await renewed(world, licence))

    other = await world.submit(world.asha, FREE, idempotency_key="another")

    assert other.renews is None


async def test_a_draft_that_changes_its_service_renews_nothing_any_more(world: World):
    licence = await licensed(world)
    wait_until(world, first_day(licence))
    draft = await renewed(world, licence)
    async with world.env.store.read_transaction() as tx:
        other = next(
            one for one in await catalogue.all_services(tx) if one.open and not one.documents and one.code != FREE
        )
    changed = SaveDraft(other.code, "49", "304", Channel.WEB, DeliveryMode.PORTAL, draft.form, "change", None, draft.id)
    await save_draft(world.env, world.asha, changed)

    request = request_for(other.code, form=draft.form, draft_id=draft.id, idempotency_key="elsewhere")

    assert (await submit_application(world.env, world.asha, request))[0].renews is None


async def test_nobody_renews_the_licence_of_another(world: World):
    licence = await licensed(world)
    wait_until(world, first_day(licence))

    for stranger in (world.sunil, world.registrar):
        assert await code_of(renewed(world, licence, stranger, f"by-{stranger.person_id}")) is ErrorCode.NOT_FOUND


async def test_a_revoked_licence_is_not_renewed(world: World):
    licence = await licensed(world)
    async with world.env.store.write_transaction() as tx:
        await certificates.end(tx, licence.id, CertificateStatus.REVOKED)
        service = await catalogue.service(tx, FREE)

    assert service is not None
    assert renewable_from(replace(licence, status=CertificateStatus.REVOKED), service) is None
