"""Who holds a licence that ends soon is reminded on the days of its definition, once each, unless she renews it."""

from datetime import date, timedelta
from typing import Any

import pytest

from actions.applications.renewal_reminders import remind_of_renewals
from actions.certificates.certificate_endings import EndCertificate, revoke_certificate
from domain.certificates.certificates import EndGround, IssuedCertificate
from domain.feedback.notices import Notice, NoticeKind
from store.feedback import notices
from tests.actions.applications.test_renew import first_day, hand_in, issue_licence, renew, wait_until
from tests.support.actions import World

pytestmark = pytest.mark.integration


@pytest.fixture
def world(peopled: World) -> World:
    """The world on each store."""
    return peopled


async def reminders(world: World) -> list[Notice]:
    """What she was reminded of, after the round of the day."""
    await remind_of_renewals(world.env)
    found = await world.env.store.read(lambda tx: notices.of_citizen(world.asha.person_id or "").page(tx, limit=100))
    return [one for one in found if one.kind is NoticeKind.RENEWAL_DUE]


async def licence_with(world: World, *remind_days: int, **more: Any) -> IssuedCertificate:
    return await issue_licence(world, remind_days=remind_days, **more)


def last_day(licence: IssuedCertificate) -> date:
    assert licence.valid_until is not None
    return licence.valid_until


async def test_she_is_reminded_on_the_first_day_of_renewal_and_not_before(world: World):
    licence = await licence_with(world)
    wait_until(world, first_day(licence) - timedelta(days=1))
    assert await reminders(world) == []

    wait_until(world, first_day(licence))

    [one] = await reminders(world)
    assert one.params["on"] == last_day(licence).isoformat()


async def test_each_day_of_the_definition_brings_one_reminder_however_often_the_round_is_made(world: World):
    licence = await licence_with(world, 30, 7)
    for days in (30, 29, 7, 6):
        wait_until(world, last_day(licence) - timedelta(days=days))
        await reminders(world)

    assert len(await reminders(world)) == 2


async def test_a_reminder_that_no_worker_sent_on_its_day_is_sent_within_a_week(world: World):
    licence = await licence_with(world)
    wait_until(world, first_day(licence) + timedelta(days=5))

    assert len(await reminders(world)) == 1


async def test_who_has_handed_the_renewal_in_is_reminded_no_more(world: World):
    licence = await licence_with(world, 30, 7)
    wait_until(world, first_day(licence))
    await hand_in(world, await renew(world, licence))
    wait_until(world, last_day(licence) - timedelta(days=7))

    assert await reminders(world) == []


async def test_who_only_began_the_renewal_is_reminded(world: World):
    licence = await licence_with(world, 7)
    wait_until(world, first_day(licence))
    await renew(world, licence)
    wait_until(world, last_day(licence) - timedelta(days=7))

    assert len(await reminders(world)) == 1


async def test_a_revoked_licence_is_not_to_be_renewed(world: World):
    licence = await licence_with(world)
    request = EndCertificate(licence.id, EndGround.COURT_ORDER, "A mistake.", "revoke")
    await revoke_certificate(world.env, world.registrar, request)
    wait_until(world, first_day(licence))

    assert await reminders(world) == []


async def test_a_certificate_that_is_not_renewed_brings_no_reminder(world: World):
    licence = await issue_licence(world, renew_days=None)
    wait_until(world, last_day(licence) - timedelta(days=7))

    assert await reminders(world) == []
