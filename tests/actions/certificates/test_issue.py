"""Certificates: what they say, and that each is issued once, with its state and its count."""

import asyncio

import pytest

from actions.certificates.issue import issue_certificate
from domain.applications.applications import DeliveryMode
from domain.applications.lifecycle import Move, Status
from domain.kernel import Bilingual, NumberKind, ist_date, parse_number
from store.applications import applications, timeline
from store.certificates import certificates
from store.database import NotThere
from store.etaal import ledger, ledger_seal
from tests.support.actions import FREE, FakeRenderer, World

FORM = {"father_name": "Bachan Singh", "child_name": "Ananya Negi", "anything": "<b>not printed</b>"}


async def test_a_certificate_is_issued_delivered_and_counted_in_one_go(world: World):
    application = await world.approved(world.asha, FREE, world.registrar, form=FORM)
    issued = await issue_certificate(world.env, application.id, FakeRenderer())
    assert issued is not None
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        after = await applications.get(tx, application.id)
        steps = (await timeline.timelines(tx, [application.id]))[application.id]
        counts = await ledger.counts_on(tx, ist_date(world.clock.now()))
    assert after is not None
    assert (after.status, after.delivered_at) == (Status.DELIVERED, world.clock.now())
    assert [step.move for step in steps[-2:]] == [Move.ISSUE_CERTIFICATE, Move.DELIVER]
    assert [step.actor_role for step in steps[-2:]] == ["SYSTEM", "SYSTEM"]
    assert [(count.service_code, count.count) for count in counts] == [(FREE, 1)]
    assert await world.env.objects.get(issued.pdf_sha256) == f"%PDF {issued.number}".encode()
    assert await world.env.objects.get(issued.xml_sha256) == f"<Certificate number='{issued.number}'/>".encode()


async def test_a_certificate_says_who_what_where_and_by_whom(world: World):
    application = await world.approved(world.asha, FREE, world.registrar, form=FORM)
    renderer = FakeRenderer()
    issued = await issue_certificate(world.env, application.id, renderer)
    content = renderer.rendered[0]
    assert issued is not None
    assert parse_number(content.number, NumberKind.CERTIFICATE) == issued.number
    assert content.uri == issued.uri
    assert issued.uri.startswith("in.gov.uk.apunisarkar-BTCER-")
    assert content.holder.en == "Asha Negi"
    assert (content.guardian, content.guardian_relation) == (Bilingual(None, "Bachan Singh"), "D")
    assert (content.district.en, content.tehsil.en if content.tehsil else None) == ("Dehradun", "Dehradun")
    assert (content.officer.en, content.designation.hi) == ("registrar", "अधिकारी")
    assert content.verify_url == f"http://gateway.test/verify/{issued.number}"
    assert [(line.key, line.value) for line in content.fields] == [("child_name", "Ananya Negi")]
    assert content.valid_until is None


async def test_issuing_again_gives_the_same_certificate(world: World):
    application = await world.approved(world.asha, FREE, world.registrar)
    renderer = FakeRenderer()
    first = await issue_certificate(world.env, application.id, renderer)
    again = await issue_certificate(world.env, application.id, renderer)
    assert first == again
    assert len(renderer.rendered) == 1


async def test_two_workers_at_once_issue_one_certificate(world: World):
    application = await world.approved(world.asha, FREE, world.registrar)
    issued = await asyncio.gather(*(issue_certificate(world.env, application.id, FakeRenderer()) for _ in range(3)))
    assert len({certificate.id for certificate in issued if certificate}) == 1
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        assert len(await certificates.of_citizen(tx, world.asha.person_id or "")) == 1
        assert sum(count.count for count in await ledger.counts_on(tx, ist_date(world.clock.now()))) == 1


@pytest.mark.parametrize("delivery", [DeliveryMode.COUNTER, DeliveryMode.DOORSTEP])
async def test_handed_over_by_a_person_it_is_issued_but_not_yet_delivered(world: World, delivery: DeliveryMode):
    application = await world.approved(world.asha, FREE, world.registrar, delivery=delivery)
    await issue_certificate(world.env, application.id, FakeRenderer())
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        after = await applications.get(tx, application.id)
        counts = await ledger.counts_on(tx, ist_date(world.clock.now()))
    assert after is not None
    assert after.status is Status.CERTIFICATE_ISSUED
    assert counts == []


async def test_an_application_that_is_not_approved_gets_none(world: World):
    application = await world.submit(world.asha)
    assert await issue_certificate(world.env, application.id, FakeRenderer()) is None
    with pytest.raises(NotThere):
        await issue_certificate(world.env, "absent", FakeRenderer())


async def test_when_rendering_fails_nothing_is_written(world: World):
    class Broken:
        def render(self, content: object) -> object:
            raise RuntimeError("no ink")

    application = await world.approved(world.asha, FREE, world.registrar)
    with pytest.raises(RuntimeError):
        await issue_certificate(world.env, application.id, Broken())  # type: ignore[arg-type]
    async with world.env.store.read_transaction() as tx:
        after = await applications.get(tx, application.id)
    assert after is not None
    assert after.status is Status.APPROVED
