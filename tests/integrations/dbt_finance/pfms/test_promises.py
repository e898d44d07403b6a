"""What the exchange of files promises by either way: once, whole, never over another, and put away."""

import pytest

from domain.payments.files import Transport
from integrations.calling.deadline import set_request_deadline
from integrations.calling.errors import NotAsked, Refused
from integrations.dbt_finance.pfms.exchange import FileExchange, NameTaken
from integrations.dbt_finance.pfms.models import FileKind
from tests.support.pfms import Pfms

pytestmark = pytest.mark.integration
NAME = "0905DBTPAYREQ241120261.xml"
ANSWER = "0905DBTPAYREQ241120261_24112026113000.xml"
CONTENT = b"<DbtPayment/>" * 5000
"""More than one block of SFTP."""


@pytest.fixture(params=Transport)
def way(request: pytest.FixtureRequest) -> Transport:
    """Both ways promise the same."""
    return Transport(request.param)


def files_of(pfms: Pfms):
    return pfms.sandbox.services[0]._door.files


async def test_a_file_lies_there_whole_under_its_name_and_nothing_else_does(pfms: Pfms, exchange: FileExchange):
    assert not await exchange.is_sent(FileKind.PAYMENTS, NAME)
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)

    assert files_of(pfms).names("/out/payment-request") == [NAME]
    assert files_of(pfms).get(f"/out/payment-request/{NAME}") == CONTENT
    assert await exchange.is_sent(FileKind.PAYMENTS, NAME)


@pytest.mark.parametrize("folder", ["out", "archive", "failed"])
async def test_the_same_bytes_again_are_as_good_and_others_are_an_alarm(pfms: Pfms, exchange: FileExchange, folder):
    files_of(pfms).put(f"/{folder}/payment-request/{NAME}", CONTENT)

    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    for other in (CONTENT + b" ", CONTENT[:-1] + b" "):
        with pytest.raises(NameTaken):
            await exchange.send(FileKind.PAYMENTS, NAME, other)
    assert files_of(pfms).get(f"/{folder}/payment-request/{NAME}") == CONTENT
    assert [files_of(pfms).names(f"/{each}/payment-request") for each in ("out", "archive", "failed")].count(
        [NAME]
    ) == 1


async def test_answers_are_listed_fetched_and_moved_away(pfms: Pfms, exchange: FileExchange):
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    for odd in (f"{ANSWER}.tmp", "odd name.xml", ".hidden"):
        files_of(pfms).put(f"/in/payment-ack/{odd}", b"x")

    assert [(each.kind, each.name, each.size) for each in await exchange.list_incoming()] == [
        (FileKind.ACKNOWLEDGEMENTS, ANSWER, len(CONTENT))
    ]
    assert await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER) == CONTENT
    await exchange.archive(FileKind.ACKNOWLEDGEMENTS, ANSWER)
    await exchange.archive(FileKind.ACKNOWLEDGEMENTS, ANSWER)  # a second time, as after a lost answer
    assert await exchange.list_incoming() == []
    assert files_of(pfms).get(f"/archive/payment-ack/{ANSWER}") == CONTENT
    with pytest.raises(Refused, match="no_such_file"):
        await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER)


async def test_a_file_is_not_moved_over_another_of_its_name(pfms: Pfms, exchange: FileExchange):
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    files_of(pfms).put(f"/archive/payment-ack/{ANSWER}", b"the first")
    with pytest.raises(NameTaken):
        await exchange.archive(FileKind.ACKNOWLEDGEMENTS, ANSWER)
    with pytest.raises(Refused, match="no_such_file"):
        await exchange.archive(FileKind.ACKNOWLEDGEMENTS, "0905DBTPAYREQ241120269_24112026113000.xml")
    assert files_of(pfms).get(f"/archive/payment-ack/{ANSWER}") == b"the first"


async def test_a_refused_file_lies_in_failed_with_its_reason(pfms: Pfms, exchange: FileExchange):
    files_of(pfms).put(f"/in/bank-status/{ANSWER}", CONTENT)
    for _ in range(2):
        await exchange.refuse(FileKind.BANK_STATUSES, ANSWER, "WRONG_TOTAL")

    assert files_of(pfms).names("/failed/bank-status") == [ANSWER, f"{ANSWER}.reason"]
    assert files_of(pfms).get(f"/failed/bank-status/{ANSWER}.reason") == b"WRONG_TOTAL\n"
    assert await exchange.list_incoming() == []


async def test_nothing_is_asked_outside_its_folder(pfms: Pfms, exchange: FileExchange):
    with pytest.raises(ValueError, match="other way"):
        await exchange.send(FileKind.STATEMENTS, NAME, CONTENT)
    with pytest.raises(ValueError, match="other way"):
        await exchange.fetch(FileKind.PAYMENTS, NAME)
    for name in ("../../etc/passwd", "a/b", "x.tmp"):
        with pytest.raises(ValueError, match="plain file name"):
            await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, name)


async def test_a_request_without_time_left_asks_nothing(pfms: Pfms, exchange: FileExchange):
    set_request_deadline(pfms.clock, 0.1)
    with pytest.raises(NotAsked, match="deadline_exceeded"):
        await exchange.list_incoming()
