"""The exchange over real HTTP: its token, its digests, what a lost or spoilt answer leads to, and who is believed."""

from datetime import timedelta

import httpx
import pytest

from domain.kernel import Source
from domain.payments.files import Transport
from integrations.calling.errors import Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable
from integrations.dbt_finance.pfms import rest_wire as wire
from integrations.dbt_finance.pfms.exchange import NameTaken
from integrations.dbt_finance.pfms.models import FileKind
from integrations.dbt_finance.pfms.rest import RestExchange
from tests.support.pfms import Pfms
from tests.support.remotes import shared_resilience
from tests.support.served import served

pytestmark = pytest.mark.integration
NAME = "0905DBTPAYREQ241120261.xml"
ANSWER = "0905DBTPAYREQ241120261_24112026113000.xml"
CONTENT = b"<DbtPayment/>" * 5000
OUT = "/v1/files/out/{kind}/{name}"
INBOX = "/v1/files/in/{kind}"
GIVEN = "/v1/files/in/{kind}/{name}"


@pytest.fixture
def way() -> Transport:
    return Transport.REST


def fault(kind: str, route: str, calls: list[int] | None = None, **params):
    return {"kind": kind, "route": route, "calls": calls, "params": params}


def asked(pfms: Pfms) -> list[tuple[str, str]]:
    """What PFMS was asked, in its order."""
    return [(entry["method"], entry["route"]) for entry in pfms.sandbox.ledger.entries()]


def files_of(pfms: Pfms):
    return pfms.sandbox.services[0]._door.files


async def test_a_file_is_looked_for_before_it_is_sent_and_sent_once(pfms: Pfms, exchange: RestExchange):
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)

    assert asked(pfms) == [("POST", "/v1/oauth2/token"), ("GET", OUT), ("PUT", OUT), ("GET", OUT)]
    assert files_of(pfms).get(f"/out/payment-request/{NAME}") == CONTENT


@pytest.mark.parametrize(
    "lost",
    [
        fault("status", OUT, [2], status=504, after=True),
        fault("status", OUT, [2], status=500, after=True),
        fault("html", OUT, [2]),
        fault("malformed", OUT, [2], shape="syntax"),
        fault("malformed", OUT, [2], shape="missing"),
        fault("foreign", OUT, [2]),
        fault("token_expired", OUT, [1]),
        fault("token_expired", OUT, [2]),
    ],
    ids=lambda each: f"{each['kind']}-{each['calls']}-{sorted(each['params'].values(), key=str)}",
)
async def test_whatever_becomes_of_the_answer_the_file_lies_there_once_and_whole(pfms: Pfms, exchange, lost):
    pfms.faults(lost)
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)

    assert files_of(pfms).names("/out/payment-request") == [NAME]
    assert files_of(pfms).get(f"/out/payment-request/{NAME}") == CONTENT
    effects = [entry["effect"] for entry in pfms.sandbox.ledger.entries() if "file accepted" in (entry["effect"] or "")]
    assert len(effects) == 1


async def test_after_a_lost_answer_the_name_is_asked_for_before_anything_is_sent_again(pfms: Pfms, exchange):
    pfms.faults(fault("status", OUT, [2], status=504, after=True))
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)

    assert [method for method, _ in asked(pfms)] == ["POST", "GET", "PUT", "GET"]


@pytest.mark.parametrize(("call", "nothing_arrived"), [(1, True), (2, False)])
async def test_an_error_says_whether_any_of_the_file_was_sent(pfms: Pfms, exchange, call: int, nothing_arrived: bool):
    pfms.faults(fault("status", OUT, list(range(call, 20)), status=503))
    with pytest.raises(Unavailable) as lost:
        await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)

    assert lost.value.nothing_arrived is nothing_arrived


async def test_what_never_arrived_is_sent_after_the_enquiry(pfms: Pfms, exchange):
    pfms.faults(fault("status", OUT, [2], status=503))
    await exchange.send(FileKind.PAYMENTS, NAME, CONTENT)

    assert [method for method, _ in asked(pfms)] == ["POST", "GET", "PUT", "GET", "PUT"]


async def test_a_name_that_is_taken_between_look_and_write_is_judged_by_what_lies_there(pfms: Pfms, exchange):
    for content, told in ((CONTENT, None), (b"<other/>", NameTaken)):
        name = NAME.replace("1.xml", f"{len(content)}.xml")
        put = exchange._find_receipt

        async def meanwhile(token, kind, given, content=content, name=name, put=put):
            found = await put(token, kind, given)
            files_of(pfms).put(f"/out/payment-request/{name}", content)
            return found

        exchange._find_receipt = meanwhile
        if told is None:
            await exchange.send(FileKind.PAYMENTS, name, CONTENT)
        else:
            with pytest.raises(told):
                await exchange.send(FileKind.PAYMENTS, name, CONTENT)
        exchange._find_receipt = put
        assert files_of(pfms).get(f"/out/payment-request/{name}") == content


async def test_a_token_serves_until_its_end_and_is_renewed_by_itself(pfms: Pfms, exchange: RestExchange):
    await exchange.list_incoming()
    await exchange.list_incoming()
    assert asked(pfms).count(("POST", "/v1/oauth2/token")) == 1
    pfms.clock.advance(timedelta(seconds=900))
    await exchange.list_incoming()
    assert asked(pfms).count(("POST", "/v1/oauth2/token")) == 2


async def test_a_token_that_ended_early_is_renewed_once_and_then_somebody_must_look(pfms: Pfms):
    shared = shared_resilience(pfms.clock)
    async with pfms.by(Transport.REST, shared) as exchange:
        pfms.faults(fault("token_expired", INBOX, [1]))
        assert await exchange.list_incoming() == []
        assert asked(pfms).count(("POST", "/v1/oauth2/token")) == 2
        pfms.faults(fault("token_expired", INBOX))
        with pytest.raises(NotLetIn, match="token_refused") as refused:
            await exchange.list_incoming()
    assert refused.value.alarmed


async def test_credentials_that_are_refused_are_told_and_alarm(pfms: Pfms):
    for changes in ({"client_secret": "another"}, {"client_id": "somebody"}):
        async with pfms.by(Transport.REST, **changes) as exchange:
            with pytest.raises(NotLetIn, match="login_refused") as refused:
                await exchange.list_incoming()
        assert refused.value.alarmed


async def test_no_credentials_show_in_a_repr_or_an_error(pfms: Pfms):
    secret = pfms.given["client_secret"]
    async with pfms.by(Transport.REST) as exchange:
        await exchange.list_incoming()
        token = exchange._tokens._kept.value
        assert secret not in repr(exchange._settings)
        assert token not in repr(exchange._tokens._kept)
        pfms.faults(fault("token_expired", INBOX))
        with pytest.raises(NotLetIn) as refused:
            await exchange.list_incoming()
    assert str(refused.value) == "PFMS: token_refused"


async def test_a_list_comes_in_pages_and_every_file_once(pfms: Pfms, exchange, monkeypatch):
    monkeypatch.setattr(wire, "PAGE", 2)
    names = [f"{number}.xml" for number in range(5)]
    for name in names:
        files_of(pfms).put(f"/in/payment-ack/{name}", b"x")
    pfms.faults(fault("duplicate", "/v1/files/in/payment-ack"))

    with pytest.raises(Garbled, match="files"):
        await exchange.list_incoming()  # a page with more than was asked for
    pfms.faults()
    assert [each.name for each in await exchange.list_incoming()] == names
    assert asked(pfms)[-5 - 2 :].count(("GET", INBOX)) == 7


@pytest.mark.parametrize("seldom", ["dsc-enrolment", "daily-statement"])
async def test_a_host_without_a_folder_that_it_need_not_have_is_read_all_the_same(pfms: Pfms, exchange, seldom):
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    files_of(pfms).take_away(f"/in/{seldom}")
    assert [each.name for each in await exchange.list_incoming()] == [ANSWER]


async def test_a_host_without_a_folder_that_it_must_have_is_told(pfms: Pfms, exchange):
    files_of(pfms).take_away("/in/bank-status")
    with pytest.raises(Refused, match="no_such_place"):
        await exchange.list_incoming()


async def test_a_full_folder_is_told_in_parts(pfms: Pfms, exchange, monkeypatch):
    monkeypatch.setattr("integrations.dbt_finance.pfms.rest.MOST_LISTED", 4)
    monkeypatch.setattr(wire, "PAGE", 2)
    for number in range(7):
        files_of(pfms).put(f"/in/payment-ack/{number}.xml", b"x")
    assert [each.name for each in await exchange.list_incoming()] == [f"{number}.xml" for number in range(4)]


async def test_a_list_that_never_ends_is_not_read_on(pfms: Pfms, exchange):
    for number in range(2):
        files_of(pfms).put(f"/in/payment-ack/{number}.xml", b"x")
    pfms.faults(fault("partial", "/v1/files/in/payment-ack", mark=True))
    with pytest.raises(Garbled, match="page_mark"):
        await exchange.list_incoming()


@pytest.mark.parametrize(
    ("spoilt", "error", "code"),
    [
        (fault("signature", GIVEN), IntegrityFailure, "content_digest"),
        (fault("malformed", GIVEN), Garbled, "digest_missing"),
        (fault("html", GIVEN), Unavailable, "html_page"),
        (fault("status", GIVEN, status=500), Unavailable, "http_500"),
        (fault("status", GIVEN, status=404), Garbled, "http_404"),
        (fault("oversize", GIVEN, mediaType="application/xml"), Garbled, "body_too_large"),
    ],
    ids=lambda each: each["kind"] if isinstance(each, dict) else None,
)
async def test_a_download_that_is_not_what_it_says_is_not_read(pfms: Pfms, exchange, spoilt, error, code):
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    pfms.faults(spoilt)
    with pytest.raises(error, match=code):
        await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER)
    pfms.faults()
    assert await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER) == CONTENT


async def test_a_download_whose_first_answer_was_lost_is_read_again(pfms: Pfms, exchange):
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    pfms.faults(fault("status", GIVEN, [1], status=502))
    assert await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, ANSWER) == CONTENT


async def test_an_answer_about_another_file_is_believed_nowhere(pfms: Pfms):
    shared = shared_resilience(pfms.clock)
    files_of(pfms).put(f"/out/payment-request/{NAME}", CONTENT)
    files_of(pfms).put(f"/in/payment-ack/{ANSWER}", CONTENT)
    async with pfms.by(Transport.REST, shared) as exchange:
        pfms.faults({"kind": "foreign"})
        with pytest.raises(IntegrityFailure, match="other_file"):
            await exchange.is_sent(FileKind.PAYMENTS, NAME)
        with pytest.raises(IntegrityFailure, match="other_file"):
            await exchange.archive(FileKind.ACKNOWLEDGEMENTS, ANSWER)
    assert shared.monitor.integrity_failures == {
        (Source.PFMS, "pfms.rest_sent"): 1,
        (Source.PFMS, "pfms.rest_move"): 1,
    }


async def test_a_host_that_knows_none_of_our_paths_does_not_say_that_a_file_is_not_there(pfms: Pfms, exchange):
    pfms.faults(fault("status", OUT, status=404))
    with pytest.raises(Garbled, match="http_404"):
        await exchange.is_sent(FileKind.PAYMENTS, NAME)


async def test_a_redirect_is_not_followed(pfms: Pfms, exchange):
    pfms.faults(fault("status", INBOX, status=307))
    with pytest.raises(Garbled, match="redirected"):
        await exchange.list_incoming()


async def test_the_sandbox_takes_no_file_whole_of_which_its_digest_does_not_say(pfms: Pfms):
    async with served(pfms.sandbox.app) as url, httpx.AsyncClient(base_url=url) as client:
        pair = httpx.BasicAuth(pfms.given["client_id"], pfms.given["client_secret"])
        token = (await client.post(wire.TOKEN_PATH, data=dict(wire.GRANT), auth=pair)).json()["access_token"]
        path = wire.request_path(FileKind.PAYMENTS, NAME)
        good = {**wire.bearer(token), **wire.upload_headers(CONTENT)}
        told = [
            (await client.put(path, content=content, headers=headers)).status_code
            for content, headers in (
                (CONTENT, wire.upload_headers(CONTENT)),
                (CONTENT + b" ", good),
                (CONTENT, {name: value for name, value in good.items() if name != "If-None-Match"}),
                (CONTENT, good),
                (CONTENT, good),
            )
        ]
        elsewhere = await client.put(path.replace("payment-request", "payment-ack"), content=CONTENT, headers=good)
    assert told == [401, 400, 428, 201, 412]
    assert elsewhere.status_code == 404
