"""A certificate is revoked while it goes into a locker: whoever is first, the locker hears of it (two processes)."""

import asyncio

import pytest

from actions.certificates.certificate_endings import EndCertificate, revoke_certificate
from actions.certificates.issue import issue_certificate
from actions.documents.locker_push import note_pulled, send_to_locker
from domain.certificates.certificates import CertificateStatus, EndGround, IssuedCertificate
from integrations.digilocker import PushAction
from store.certificates import certificates
from tests.support.actions import FREE, FakeRenderer
from tests.support.bounds import rounds
from tests.support.endings import Pushes, consent, run_pushes
from tests.support.twins import Twins
from tests.support.worlds import wrong

RACES = rounds(4, ci=30, full=300)


@pytest.fixture
async def pushes(twins: Twins) -> Pushes:
    twins.world.locker.pushing = made = Pushes()  # type: ignore[attr-defined]
    await consent(twins.world)
    return made


async def issued(twins: Twins, number: int) -> IssuedCertificate:
    world = twins.world
    application = await world.approved(world.asha, FREE, world.registrar, idempotency_key=f"case-{number}")
    made = await issue_certificate(world.env, application.id, FakeRenderer())
    assert made is not None
    return made


async def revoke(twins: Twins, certificate: IssuedCertificate) -> None:
    request = EndCertificate(certificate.id, EndGround.COURT_ORDER, "By order", f"end-{certificate.id}")
    await revoke_certificate(twins.other, twins.world.registrar, request)


@pytest.mark.parametrize("number", range(RACES))
async def test_no_revoked_certificate_stays_in_a_locker(twins: Twins, pushes: Pushes, number: int):
    certificate = await issued(twins, number)

    await asyncio.gather(send_to_locker(twins.one, certificate.id, PushAction.ADD), revoke(twins, certificate))
    await run_pushes(twins.world)

    assert pushes.told in ([], [("A", certificate.uri), ("D", certificate.uri)], [("D", certificate.uri)])
    assert await wrong(twins.one) == []


async def test_who_revokes_waits_for_the_copy_that_is_being_noted(twins: Twins, pushes: Pushes):
    certificate = await issued(twins, 0)
    async with twins.one.store.write_transaction() as tx:
        await note_pulled(tx, certificate, "locker-1")
        ending = asyncio.create_task(revoke(twins, certificate))
        done, _ = await asyncio.wait({ending}, timeout=0.2)
        assert not done
    await ending
    await run_pushes(twins.world)
    assert pushes.told == [("D", certificate.uri)]


async def test_who_puts_it_there_waits_for_the_end_that_is_being_written(twins: Twins, pushes: Pushes):
    certificate = await issued(twins, 0)
    async with twins.other.store.write_transaction() as tx:
        await certificates.end(tx, certificate.id, CertificateStatus.REVOKED)
        sending = asyncio.create_task(send_to_locker(twins.one, certificate.id, PushAction.ADD))
        done, _ = await asyncio.wait({sending}, timeout=0.2)
        assert not done
    await sending
    assert pushes.told == []
