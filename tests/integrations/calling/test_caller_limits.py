"""The limits of a system's callers: failures are counted by network, so that no household tries from many addresses."""

from domain.kernel import SystemClock
from integrations.calling.incoming_calls import CallerLimits
from integrations.calling.request_counters import LocalRequestCounters


async def test_failures_from_addresses_of_one_network_lock_that_network_out_and_no_other():
    limits = CallerLimits("system", LocalRequestCounters(SystemClock()), calls=100, failures=2)
    for address in ("2001:db8::1", "2001:db8::2"):
        await limits.count(address, right=False)

    assert await limits.wait_seconds("2001:db8::3") is not None
    assert await limits.wait_seconds("2001:db8:0:1::3") is None
