"""The callers of a system: failures are counted by network, so that no household tries from many addresses."""

import pytest
from starlette.requests import Request

from domain.kernel import SystemClock
from integrations.calling.caller_authentication import CallerAuthentication, bearer_token
from integrations.calling.request_counters import LocalRequestCounters


def request_from(address: str | None, **headers: str) -> Request:
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": (address, 5) if address else None, "headers": sent})


def callers(**limits) -> CallerAuthentication:
    return CallerAuthentication("system", LocalRequestCounters(SystemClock()), **{"failures": 2, **limits})


async def test_failures_from_addresses_of_one_network_lock_that_network_out_and_no_other():
    known = callers(calls=100)
    for address in ("2001:db8::1", "2001:db8::2"):
        await known.count(request_from(address), right=False)

    assert await known.wait_seconds(request_from("2001:db8::3")) is not None
    assert await known.wait_seconds(request_from("2001:db8:0:1::3")) is None


async def test_calls_that_are_right_are_counted_for_the_credential_where_it_has_a_rate():
    rated, free = callers(calls=1), callers()
    for known in (rated, free):
        assert await known.count(request_from("192.0.2.1"), right=True)

    assert await rated.wait_seconds(request_from("192.0.2.2")) is not None
    assert await free.wait_seconds(request_from("192.0.2.2")) is None


@pytest.mark.parametrize(
    ("address", "admitted"),
    [("192.0.2.7", True), ("::ffff:192.0.2.7", True), ("192.0.3.7", False), ("2001:db8::1", False), (None, False)],
)
def test_who_comes_from_the_networks_that_were_agreed_is_admitted(address, admitted):
    assert callers(networks=("192.0.2.0/24",)).admits(request_from(address)) is admitted
    assert callers().admits(request_from(address))


@pytest.mark.parametrize(
    ("sent", "right"),
    [
        ("Bearer t", True),
        ("bearer  t", True),
        ("Basic t", False),
        ("Bearer T", False),
        ("Bearer ", False),
        ("t", False),
    ],
)
def test_a_bearer_token_is_the_agreed_one_under_its_scheme(sent, right):
    assert bearer_token("t")(request_from("192.0.2.7", authorization=sent)) is right


def test_without_the_header_there_is_no_bearer_token():
    assert not bearer_token("t")(request_from("192.0.2.7"))
