"""Writes and withdrawn consent purge what is kept, in all processes."""

import asyncio
from datetime import timedelta

import pytest

from domain.kernel import Source, SourceState
from domain.platform.switches import Switch, Switchboard, SwitchKind, SwitchState
from integrations.calling.cache import AnswerCache, digest_of_citizen, open_cache
from integrations.calling.errors import Unavailable
from integrations.calling.policies import CallPolicy
from integrations.calling.valkey.cache import ValkeyCache
from tests.support.loads import ANY, KEPT, KEY, SERVED, Partner, down


def board_of(kind: SwitchKind, name: str, clock) -> list[Switch]:
    """The board after the kept answers of a system or citizen were emptied now."""
    return [Switch(kind, name, SwitchState.EMPTIED, "wrong answers", "CLI:root", clock.now())]


OF_UMANG = SwitchKind.SYSTEM_ANSWERS, "UMANG"
OF_ASHA = SwitchKind.CITIZEN_ANSWERS, digest_of_citizen("asha")
LOCKER = CallPolicy("digilocker.list", Source.DIGILOCKER, fresh=60, stale=3600)
OF_LAND = SwitchKind.SYSTEM_ANSWERS, "connector.land"
LAND = CallPolicy("connector.land.khata", Source.DEPARTMENTS, system="land", fresh=60, stale=3600)


@pytest.mark.parametrize(
    ("of", "policy", "whose", "state"),
    [
        (OF_UMANG, KEPT, "asha", SourceState.LIVE),
        (OF_UMANG, LOCKER, "asha", SourceState.CACHED),
        (OF_UMANG, LAND, "asha", SourceState.CACHED),
        (OF_LAND, LAND, "asha", SourceState.LIVE),
        (OF_ASHA, KEPT, "asha", SourceState.LIVE),
        (OF_ASHA, LOCKER, "asha", SourceState.LIVE),
        (OF_ASHA, KEPT, "ravi", SourceState.CACHED),
    ],
)
async def test_what_a_switch_emptied_is_asked_anew_and_nothing_else(cache, clock, of, policy, whose, state):
    board, partner = Switchboard(), Partner()
    kept = AnswerCache(cache, clock, board)
    await kept.get(policy, (whose, "1"), partner.load, ANY)

    board.replace(board_of(*of, clock), 1)

    assert (await kept.get(policy, (whose, "1"), partner.load, ANY)).state is state
    assert (await kept.get(policy, (whose, "1"), partner.load, ANY)).state is SourceState.CACHED


async def test_what_was_emptied_is_not_given_while_the_system_is_silent(cache, clock):
    board, partner = Switchboard(), Partner()
    kept = AnswerCache(cache, clock, board)
    await kept.get(KEPT, KEY, partner.load, ANY)
    board.replace(board_of(*OF_UMANG, clock), 1)
    partner.error = down()

    with pytest.raises(Unavailable):
        await kept.get(KEPT, KEY, partner.load, ANY)


async def test_emptying_again_empties_what_was_kept_since(cache, clock):
    board, partner = Switchboard(board_of(*OF_UMANG, clock), 1), Partner()
    kept = AnswerCache(cache, clock, board)
    await kept.get(KEPT, KEY, partner.load, ANY)

    clock.advance(timedelta(seconds=1))
    board.replace(board_of(*OF_UMANG, clock), 2)

    assert (await kept.get(KEPT, KEY, partner.load, ANY)).state is SourceState.LIVE


@pytest.mark.integration
async def test_what_a_process_keeps_before_it_knows_of_the_switch_is_not_given_by_one_that_knows(valkey_server, clock):
    url, partner = valkey_server.url(), Partner(value="before")
    late, knows = (AnswerCache(open_cache(url), clock, board) for board in (Switchboard(), Switchboard()))
    knows._switches.replace(board_of(*OF_UMANG, clock), 1)
    await late.get(KEPT, KEY, partner.load, ANY)
    partner.value = "after"

    answers = [await one.get(KEPT, KEY, partner.load, ANY) for one in (knows, knows, late, knows)]

    assert [answer.value for answer in answers] == ["after"] * 4
    await late.close()
    await knows.close()


async def test_a_write_purges_what_was_kept(kept):
    partner = Partner()
    await kept.get(KEPT, KEY, partner.load, ANY)
    await kept.forget(KEPT, KEY)

    assert (await kept.get(KEPT, KEY, partner.load, ANY)).state is SourceState.LIVE


async def test_everything_of_one_citizen_is_purged_and_nothing_of_another(kept):
    partner = Partner()
    keys = [(KEPT, ("asha", "1")), (KEPT, ("asha", "2")), (SERVED, ("asha",)), (KEPT, ("ravi", "1"))]
    for policy, key in keys:
        await kept.get(policy, key, partner.load, ANY)

    assert await kept.forget_citizen("asha")

    states = [(await kept.get(policy, key, partner.load, ANY)).state for policy, key in keys]
    assert states == [SourceState.LIVE] * 3 + [SourceState.CACHED]


@pytest.mark.integration
async def test_a_purge_leaves_nothing_in_valkey(valkey_server, clock):
    cache = ValkeyCache(valkey_server.url())
    kept = AnswerCache(cache, clock)
    await kept.get(KEPT, KEY, Partner().load, ANY)
    await kept.forget_citizen("asha")

    names = [name async for name in cache.client.scan_iter()]

    assert [name.split(b":")[1] for name in names] == [b"epoch"]
    await kept.close()


async def test_an_answer_that_was_under_way_when_consent_was_withdrawn_is_not_kept(kept):
    partner = Partner(value="before")
    partner.gate.clear()
    reading = asyncio.create_task(kept.get(KEPT, KEY, partner.load, ANY))
    while not partner.calls:
        await asyncio.sleep(0)
    await kept.forget_citizen("asha")
    partner.gate.set()
    await reading
    partner.value = "after"

    assert (await kept.get(KEPT, KEY, partner.load, ANY)).value == "after"


@pytest.mark.integration
async def test_nor_is_one_that_was_under_way_in_another_process(valkey_server, clock):
    url, partner = valkey_server.url(), Partner(value="before")
    here, there = AnswerCache(open_cache(url), clock), AnswerCache(open_cache(url), clock)
    partner.gate.clear()
    reading = asyncio.create_task(there.get(KEPT, KEY, partner.load, ANY))
    while not partner.calls:
        await asyncio.sleep(0.001)
    await here.forget_citizen("asha")
    partner.gate.set()
    await reading
    partner.value = "after"

    assert (await there.get(KEPT, KEY, partner.load, ANY)).value == "after"
    await here.close()
    await there.close()
