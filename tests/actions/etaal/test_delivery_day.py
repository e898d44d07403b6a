"""On which day an application that is delivered counts for e-Taal: once, and no day before a new rule changes."""

from datetime import date, timedelta

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.hand_over import HandOver, hand_over
from actions.certificates.issue import issue_certificate
from domain.applications.applications import Application, DeliveryMode
from store.etaal import ledger, ledger_seal
from tests.support.actions import PENSION, FakeRenderer, World, papers
from tests.support.law import at, present
from tests.support.worlds import PENSION_PAPERS, link_and_offer, wrong

BEFORE, FROM = date(2026, 12, 30), date(2027, 1, 4)
"""A day on which the hand-over counts, and one on which what is made available counts."""


async def issued(world: World, on: date, delivery: DeliveryMode = DeliveryMode.COUNTER) -> Application:
    """A certificate that was made on a day and waits to be collected."""
    world.clock.set(at(on))
    application = await world.submit(world.asha, delivery=delivery)
    await decide_application(world.env, world.registrar, Decide(application.id, Verdict.APPROVE, "yes"))
    await issue_certificate(world.env, application.id, FakeRenderer())
    return await present(world.env, application.id)


async def collected(world: World, application: Application, on: date) -> None:
    world.clock.set(at(on))
    await hand_over(world.env, world.registrar, HandOver(application.id, "given"))


async def counted_on(world: World, *days: date) -> list[int]:
    """What was delivered on each day, as e-Taal is told it; the store is as its checks want it."""
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        found = [sum(row.count for row in await ledger.counts_on(tx, day)) for day in days]
    assert await wrong(world.env) == []
    return found


async def test_a_certificate_for_a_counter_counts_when_it_is_made_available(peopled: World):
    await issued(peopled, FROM)
    assert await counted_on(peopled, FROM) == [1]


async def test_its_collection_counts_nothing_more(peopled: World):
    application = await issued(peopled, FROM)
    later = FROM + timedelta(days=9)
    await collected(peopled, application, later)
    assert await counted_on(peopled, FROM, later) == [1, 0]


async def test_before_the_rule_began_the_collection_counts(peopled: World):
    application = await issued(peopled, BEFORE)
    later = BEFORE + timedelta(days=1)
    await collected(peopled, application, later)
    assert await counted_on(peopled, BEFORE, later) == [0, 1]


async def test_what_was_made_before_the_rule_began_counts_once_when_it_is_collected_after(peopled: World):
    application = await issued(peopled, BEFORE)
    await collected(peopled, application, FROM)
    assert await counted_on(peopled, BEFORE, FROM) == [0, 1]


@pytest.mark.parametrize(("delivery", "channel"), [(DeliveryMode.DOORSTEP, "DOORSTEP"), (DeliveryMode.PORTAL, "WEB")])
async def test_what_goes_to_the_doorstep_counts_as_assisted(peopled: World, delivery: DeliveryMode, channel: str):
    await issued(peopled, FROM, delivery)
    await ledger_seal.seal(peopled.env.store)
    async with peopled.env.store.read_transaction() as tx:
        assert [row.channel for row in await ledger.counts_on(tx, FROM)] == [channel]


async def test_a_benefit_counts_when_it_is_sanctioned(peopled: World):
    peopled.clock.set(at(FROM))
    await link_and_offer(peopled, peopled.asha, PENSION_PAPERS)
    await peopled.approved(peopled.asha, PENSION, peopled.welfare, documents=papers(*PENSION_PAPERS))
    assert await counted_on(peopled, FROM) == [1]
