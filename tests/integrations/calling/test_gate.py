"""What each state of a switch lets through, at the one place that every call passes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from domain.kernel import ManualClock, Source, SourceState
from domain.platform.switches import Switch, Switchboard, SwitchKind, SwitchState
from integrations.calling.breakers import BreakerState
from integrations.calling.errors import NotAsked
from integrations.calling.kill_switch import KillSwitch, SwitchedOff
from integrations.calling.policies import CallPolicy
from integrations.calling.remote import Codec, Remote, Resilience
from integrations.dbt_finance.jit.calls import INSTRUCTION_STATUS, PUSH_INSTRUCTION
from integrations.dbt_finance.jit.client import PAYMENT_STATUSES
from integrations.digilocker.requester.client import LIST_ISSUED, REVOKE
from tests.support.remotes import PARTNER, remote_over, shared_resilience

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
READ = CallPolicy("digilocker.read", Source.DIGILOCKER)
WRITE = CallPolicy("digilocker.write", Source.DIGILOCKER, keyed=True)
KEPT = CallPolicy("digilocker.kept", Source.DIGILOCKER, fresh=60, stale=3600)
TEXT = Codec[str](encode=str, decode=str)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def board() -> Switchboard:
    return Switchboard()


@pytest.fixture
def shared(clock: ManualClock, board: Switchboard) -> Resilience:
    return replace(shared_resilience(clock), gate=KillSwitch(board))


@pytest.fixture
def remote(shared: Resilience) -> Remote:
    return remote_over(None, Source.DIGILOCKER, shared=shared)


@pytest.fixture
def partner() -> respx.MockRouter:
    with respx.mock(base_url=PARTNER, assert_all_called=False) as router:
        router.route().respond(200, content=b"yes", content_type="application/json")
        yield router


def turn(board: Switchboard, state: SwitchState, *, minutes: int | None = None) -> None:
    until = None if minutes is None else NOW + timedelta(minutes=minutes)
    board.replace([Switch(SwitchKind.SYSTEM, "DIGILOCKER", state, "r", "CLI:root", NOW, until)], board.version + 1)


async def read_kept(remote: Remote):
    async def load() -> str:
        return (await remote.send(KEPT, "GET", "/a")).content.decode()

    return await remote.fetch_cached(KEPT, ("citizen", "a"), load, TEXT)


@pytest.mark.parametrize(
    ("state", "reads", "writes"),
    [
        (SwitchState.ON, True, True),
        (SwitchState.READ_ONLY, True, False),
        (SwitchState.CACHE_ONLY, False, False),
        (SwitchState.OFF, False, False),
    ],
)
async def test_each_state_lets_through_what_it_says(remote, partner, board, state, reads, writes):
    turn(board, state)

    for policy, passes in ((READ, reads), (WRITE, writes)):
        before = partner.calls.call_count
        if passes:
            await remote.send(policy, "POST", "/a")
        else:
            with pytest.raises(SwitchedOff):
                await remote.send(policy, "POST", "/a")
        assert partner.calls.call_count - before == int(passes)


async def test_a_system_that_is_off_gives_not_even_a_kept_answer(remote, partner, board):
    await read_kept(remote)
    turn(board, SwitchState.OFF, minutes=2)

    with pytest.raises(SwitchedOff) as refused:
        await read_kept(remote)

    assert (refused.value.code, refused.value.retryable, refused.value.retry_after) == ("switched_off", True, 120)
    assert partner.calls.call_count == 1


async def test_cache_only_gives_kept_answers_fresh_and_old_and_calls_nobody(remote, partner, board, clock):
    await read_kept(remote)
    turn(board, SwitchState.CACHE_ONLY)

    states = [(await read_kept(remote)).state]
    clock.advance(timedelta(seconds=61))
    states.append((await read_kept(remote)).state)
    clock.advance(timedelta(hours=1))
    with pytest.raises(SwitchedOff, match="switched_to_cache_only"):
        await read_kept(remote)

    assert states == [SourceState.CACHED, SourceState.STALE]
    assert partner.calls.call_count == 1


async def test_calls_that_a_switch_held_back_say_nothing_about_the_system(remote, partner, board, shared):
    turn(board, SwitchState.OFF)
    for _ in range(12):
        with pytest.raises(NotAsked):
            await remote.send(READ, "GET", "/a")
    turn(board, SwitchState.ON)

    assert shared.breakers.state(Source.DIGILOCKER) is BreakerState.CLOSED
    assert {status.state for status in shared.monitor.statuses()} == {None}
    assert (await remote.send(READ, "GET", "/a")).content == b"yes"


async def test_a_switch_with_an_end_lets_calls_through_again_by_itself(remote, partner, board, clock):
    turn(board, SwitchState.OFF, minutes=1)
    clock.advance(timedelta(minutes=1))

    assert (await remote.send(READ, "GET", "/a")).status == httpx.codes.OK


def test_the_calls_that_change_something_over_there_are_known():
    assert [policy.writes for policy in (PUSH_INSTRUCTION, REVOKE)] == [True, True]
    assert [policy.writes for policy in (INSTRUCTION_STATUS, PAYMENT_STATUSES, LIST_ISSUED)] == [False] * 3
