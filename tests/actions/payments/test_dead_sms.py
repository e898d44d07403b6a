"""While no provider of SMS takes anything, certificates are issued and payments are made."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from actions.feedback.message_settings import choose_message_settings
from actions.payments.payment_batches import SEND
from domain.applications.lifecycle import Status
from domain.benefits.benefits import PaymentStatus
from domain.feedback.messages import MessageChannel, MessageState
from domain.kernel import Source
from gateway.worker.deliveries import Deliveries
from gateway.worker.payment_rounds import PaymentRounds
from gateway.worker.topics import HANDLERS, handlers
from integrations.calling.errors import NeverSent
from store.applications import applications
from store.certificates import certificates
from store.checks.messages import ISSUE
from store.feedback.messages import messages_table
from store.identity import people
from tests.support.actions import FREE, FakeRenderer
from tests.support.messages import carry_messages
from tests.support.payments import Paying
from tests.support.phones import Phones, with_phones

pytestmark = pytest.mark.integration


async def words(*_: object) -> Mapping[str, str]:
    """What texts are filled with."""
    return {"number": "UKAS 12345 67890", "on": "05-12-2026"}


async def test_with_a_dead_sms_the_certificate_is_issued_and_the_payment_made(paying: Paying) -> None:
    world, phones = paying.world, Phones()
    world.env = with_phones(world.env, phones)
    phones.failures["msdp"] = NeverSent(Source.SMS, "unreachable")
    phones.failures["msdp"].nothing_arrived = True
    asha = world.asha.person_id or ""
    async with world.env.store.write_transaction() as tx:
        await people.update_citizen(tx, replace((await people.citizens(tx, [asha]))[asha], mobile="9800000001"))
    awake = {"channels": [MessageChannel.SMS], "quiet_from": 0, "quiet_until": 0}
    await choose_message_settings(world.env, world.asha, **awake, key="awake")
    case = await world.approved(world.asha, FREE, world.registrar)
    (payment,) = await paying.validated(1)
    await carry_messages(world.env, words)

    rounds = PaymentRounds(paying.env, asyncio.Event())
    topics = {SEND: HANDLERS[SEND], ISSUE: handlers(FakeRenderer())[ISSUE]}
    worker = Deliveries(paying.env, topics, asyncio.Event())
    assert await rounds.round()
    await worker.deliver_due()
    paying.pfms.pick_up()
    assert await rounds.round()

    async with world.env.store.read_transaction() as tx:
        issued = await applications.get(tx, case.id)
        assert issued is not None
        assert (issued.status, len(await certificates.of_citizen(tx, asha))) == (Status.DELIVERED, 1)
        states = {row.state for row in (await tx.connection.execute(messages_table.select())).all()}
    assert await paying.statuses([payment]) == [PaymentStatus.CREDITED]
    assert phones.sent == []
    assert states <= {MessageState.CREATED, MessageState.SENDING}
    assert phones.by
