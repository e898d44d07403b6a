"""The exchange over a real SFTP line: once, whole, with enquiry before any repeat, and every bad line told."""

import asyncio

import asyncssh
import pytest

from domain.kernel import Source, SourceState
from integrations.calling.breakers import BreakerState
from integrations.calling.deadline import set_request_deadline
from integrations.calling.errors import Garbled, IntegrityFailure, NeverSent, NotLetIn, Refused, Unavailable
from integrations.dbt_finance.pfms.exchange import MOST_LISTED
from integrations.dbt_finance.pfms.models import FileKind
from integrations.dbt_finance.pfms.sftp_exchange import SEND, SftpExchange
from tests.support.pfms import Pfms
from tests.support.remotes import shared_resilience

pytestmark = pytest.mark.integration
NAME = "0905DBTPAYREQ241120261.xml"
ANSWER = "0905DBTPAYREQ241120261_24112026113000.xml"
CONTENT = b"<DbtPayment/>" * 5000
"""More than one block of SFTP."""


def files_of(pfms: Pfms):
    return pfms.sandbox.services[0]._door.files


def fault(kind: str, operation: str, calls: list[int] | None = None, **params):
    return {"kind": kind, "route": f"/sftp/{operation}", "calls": calls, "params": params}


def calls_of(pfms: Pfms, operation: str) -> int:
    return next(each.seen for each in pfms.sandbox.faults.active_faults() if each.route == f"/sftp/{operation}")


@pytest.mark.parametrize(
    "cut",
    [
        fault("reset", "open", [1]),
        fault("reset", "write", [1]),
        fault("reset", "write", [2]),
        fault("reset", "rename", [1]),
        fault("reset", "rename", [1], after=True),
        fault("reset", "stat", [1]),
        fault("reset", "stat", [5]),
        fault("reset", "connect", [1]),
    ],
    ids=lambda each: f"{each['route']}-{each['calls']}-{bool(each['params'])}",
)
async def test_wherever_the_line_is_cut_the_file_lies_there_once_and_whole(pfms: Pfms, exchange: SftpExchange, cut):
    pfms.faults(cut)
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)

    assert [name for name in files_of(pfms).names("/out/payment-request") if not name.endswith(".tmp")] == [NAME]
    assert files_of(pfms).get(f"/out/payment-request/{NAME}") == CONTENT


async def test_after_a_lost_answer_the_name_is_looked_for_before_anything_is_written_again(pfms: Pfms, exchange):
    pfms.faults(fault("reset", "rename", [1], after=True), fault("latency", "open", [99]))
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)

    # opened once to write, once to compare: never a second time to write
    assert calls_of(pfms, "rename") == 1
    assert calls_of(pfms, "open") == 2


async def test_a_file_that_was_taken_while_the_answer_was_lost_is_found_in_the_archive(pfms: Pfms, exchange):
    pfms.faults(fault("reset", "rename", after=True), fault("reset", "read"))
    with pytest.raises(Unavailable, match="connection_lost"):
        await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    files_of(pfms).move(f"/out/payment-request/{NAME}", f"/archive/payment-request/{NAME}")
    pfms.faults()

    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    assert f"{NAME}" not in files_of(pfms).names("/out/payment-request")


@pytest.mark.parametrize(("operation", "nothing_arrived"), [("open", True), ("write", True), ("rename", False)])
async def test_an_error_says_whether_the_file_may_have_got_its_name(
    pfms: Pfms, exchange: SftpExchange, operation: str, nothing_arrived: bool
):
    pfms.faults(fault("reset", operation))
    with pytest.raises(Unavailable) as lost:
        await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)

    assert lost.value.nothing_arrived is nothing_arrived


async def test_a_file_is_taken_once_it_waits_no_more_and_was_not_refused(pfms: Pfms, exchange: SftpExchange):
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    seen = [await exchange.is_taken(FileKind.PAYMENTS, NAME)]
    files_of(pfms).move(f"/out/payment-request/{NAME}", f"/failed/payment-request/{NAME}")
    seen.append(await exchange.is_taken(FileKind.PAYMENTS, NAME))
    files_of(pfms).move(f"/failed/payment-request/{NAME}", f"/archive/payment-request/{NAME}")
    seen.append(await exchange.is_taken(FileKind.PAYMENTS, NAME))
    files_of(pfms).remove(f"/archive/payment-request/{NAME}")
    seen.append(await exchange.is_taken(FileKind.PAYMENTS, NAME))

    assert seen == [False, False, True, True]


async def test_folders_of_pfms_with_other_names_are_used_by_the_setting(pfms: Pfms):
    exchange = pfms.exchange(folders={"out/payment-request": "out/beneficiary-request"})
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    await exchange.aclose()

    assert files_of(pfms).names("/out/beneficiary-request") == [NAME]
    assert files_of(pfms).names("/out/payment-request") == []


async def test_another_hosts_key_is_an_alarm_and_nothing_is_sent(pfms: Pfms):
    shared = shared_resilience(pfms.clock)
    exchange = pfms.exchange(shared)
    pfms.faults({"kind": "host_key", "route": "/sftp/connect"})

    with pytest.raises(IntegrityFailure, match="host_key"):
        await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    assert files_of(pfms).names("/out/payment-request") == []
    assert shared.monitor.integrity_failures == {(Source.PFMS, "pfms.sftp_send"): 1}
    await exchange.aclose()


async def test_a_login_that_is_refused_is_told_and_alarms(pfms: Pfms):
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    for changes in ({"client_key": stranger}, {"username": "somebody"}):
        exchange = pfms.exchange(**changes)
        with pytest.raises(NotLetIn, match="login_refused"):
            await exchange.list_incoming()
        await exchange.aclose()


async def test_a_host_that_cannot_be_reached_was_never_sent_anything(pfms: Pfms):
    exchange = pfms.exchange(port=1)
    with pytest.raises(NeverSent):
        await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)


async def test_an_address_that_the_guard_forbids_is_not_called(pfms: Pfms):
    exchange = pfms.exchange()

    async def nowhere(host: str, port: int):
        raise PermissionError("own network")

    exchange._addresses = nowhere
    with pytest.raises(NeverSent):
        await exchange.list_incoming()


@pytest.mark.parametrize(
    ("given", "error", "code"),
    [
        (fault("disk_full", "write"), Unavailable, "sftp_failure"),
        (fault("read_only", "open"), NotLetIn, "permission"),
    ],
)
async def test_a_full_disk_and_a_forbidden_folder_are_told(pfms: Pfms, exchange, given, error, code):
    pfms.faults(given)
    with pytest.raises(error, match=code):
        await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    pfms.faults()
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    assert files_of(pfms).get(f"/out/payment-request/{NAME}") == CONTENT


@pytest.mark.parametrize(("faults", "left"), [([], 0), ([fault("read_only", "remove")], 1)])
async def test_an_unfinished_file_is_taken_away_where_pfms_lets_us(pfms: Pfms, exchange, faults, left):
    files_of(pfms).put(f"/out/payment-request/{NAME}.5a5a5a5a.tmp", CONTENT[:100])
    pfms.faults(*faults)
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    assert files_of(pfms).get(f"/out/payment-request/{NAME}") == CONTENT
    assert len(files_of(pfms).names("/out/payment-request")) == 1 + left


async def test_a_download_that_is_cut_is_read_again_whole(pfms: Pfms, exchange: SftpExchange):
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    pfms.faults(fault("reset", "read", [2]))
    assert await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER) == CONTENT


async def test_an_endless_file_is_not_read(pfms: Pfms, exchange: SftpExchange):
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    pfms.faults(fault("oversize", "read"))
    with pytest.raises(Garbled, match="too_large"):
        await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER)


async def test_a_full_folder_is_told_in_parts(pfms: Pfms, exchange: SftpExchange, monkeypatch):
    monkeypatch.setattr("integrations.dbt_finance.pfms.sftp_exchange.MOST_LISTED", 3)
    for number in range(5):
        files_of(pfms).put(f"/in/payment-ack/{number}.xml", b"x")
    assert len(await exchange.list_incoming()) == 3
    assert MOST_LISTED > 1000


@pytest.mark.parametrize("seldom", ["dsc-enrolment", "daily-statement"])
async def test_a_host_without_a_folder_that_it_need_not_have_is_read_all_the_same(pfms: Pfms, exchange, seldom):
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    files_of(pfms).take_away(f"/in/{seldom}")
    assert [each.name for each in await exchange.list_incoming()] == [ANSWER]


async def test_a_host_without_a_folder_that_it_must_have_is_told(pfms: Pfms, exchange: SftpExchange):
    files_of(pfms).take_away("/in/bank-status")
    with pytest.raises(Refused, match="no_such_folder"):
        await exchange.list_incoming()


async def test_five_failures_open_the_breaker_and_three_good_calls_close_it(pfms: Pfms):
    shared = shared_resilience(pfms.clock)
    exchange = pfms.exchange(shared)
    pfms.faults({"kind": "refuse"})
    failures = []
    for _ in range(5):
        with pytest.raises(Unavailable) as error:
            await exchange.list_incoming()
        failures.append(error.value.code)
    assert shared.breakers.state(Source.PFMS, "") is BreakerState.OPEN
    assert failures[-1] == "circuit_open"
    assert _status(shared) is SourceState.DOWN

    pfms.faults()
    pfms.pass_time(seconds=20)
    for _ in range(3):
        await exchange.list_incoming()
    assert shared.breakers.state(Source.PFMS, "") is BreakerState.CLOSED
    assert _status(shared) is SourceState.LIVE
    await exchange.aclose()


async def test_a_host_that_is_silent_is_given_up(pfms: Pfms):
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    exchange = pfms.exchange()
    await exchange.list_incoming()
    pfms.faults(fault("silence", "list"))
    set_request_deadline(pfms.clock, 0.6)
    with pytest.raises(Unavailable, match="timed_out"):
        await exchange.list_incoming()
    pfms.faults()
    set_request_deadline(pfms.clock, 60)
    assert len(await exchange.list_incoming()) == 1
    await exchange.aclose()


async def test_a_time_out_in_the_very_moment_of_connecting_is_not_forgotten(pfms: Pfms, monkeypatch):
    """asyncio.wait_for of Python 3.11, by which asyncssh connects, forgets it: a silent host was asked for ever."""
    pfms.faults(fault("silence", "stat"))
    exchange, connect = pfms.exchange(), asyncssh.connection._connect

    async def timed_out_as_it_connects(*given):
        made = await connect(*given)
        if isinstance(made, asyncssh.SSHClientConnection):
            asking.cancel()
        return made

    monkeypatch.setattr(asyncssh.connection, "_connect", timed_out_as_it_connects)
    asking = asyncio.create_task(exchange._session.size(f"/out/payment-request/{NAME}"))
    ended, _ = await asyncio.wait({asking}, timeout=5)

    assert ended == {asking}
    assert asking.cancelled()
    pfms.faults()
    monkeypatch.undo()
    assert not await exchange.is_sent(FileKind.PAYMENTS, NAME)
    await exchange.aclose()


async def test_the_sandbox_lets_nobody_write_or_delete_elsewhere(pfms: Pfms, exchange: SftpExchange):
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    client = exchange._session._client
    for attempt in (
        client.remove(f"/in/payment-ack/{ANSWER}"),
        client.remove(f"/out/payment-request/{NAME}"),
        client.mkdir("/in/other"),
        client.rename(f"/in/payment-ack/{ANSWER}", "/out/payment-request/x.xml"),
        client.rename(f"/in/payment-ack/{ANSWER}", f"/archive/bank-status/{ANSWER}"),
    ):
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await attempt
    with pytest.raises(asyncssh.SFTPPermissionDenied):
        await client.open("/out/payment-request/x.xml", "wb")
    assert SEND.writes


def _status(shared):
    return next(each.state for each in shared.monitor.statuses() if each.source is Source.PFMS)
