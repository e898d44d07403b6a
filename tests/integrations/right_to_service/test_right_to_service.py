"""The Commission's wire, client and sandbox against each other and against the contract's own sample."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.appeals.commission import CommissionWord
from domain.kernel import ManualClock, Source
from integrations.calling.caller_authentication import is_fresh, signature
from integrations.calling.errors import Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable
from integrations.right_to_service import CaseEvent, RightToService, RightToServiceSettings, wire
from sandbox.city.kit import Sandbox
from sandbox.right_to_service.bench import verdict_of
from sandbox.right_to_service.server import create_sandbox
from tests.faults.commission import filing
from tests.support.fees import sandbox
from tests.support.remotes import remote_over

NOON = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
REFERENCE = "UK-AS-2026-0001234-L1-TL"
SAMPLE = json.loads(
    '{"appealRef":"UK-AS-2026-0001234-L1-TL","applicationId":"26123456789012","serviceCode":"REV-INC",'
    '"lgdUnit":"D-DDN/T-01","channel":"CSC","ground":"TIME_LIMIT_BREACHED","origin":"AUTO","level":3,'
    '"receivedOn":"2026-10-30","paidOn":"2026-10-30","dueOn":"2026-11-19","breachedOn":"2026-11-20",'
    '"filedAt":"2026-11-20T00:00:00.000+05:30","pausedDays":0,"limitDays":15,'
    '"unit":"WORKING_DAYS","doId":"TEH-DDN-1","faaId":"SDM-DDN","saaId":"DM-DDN",'
    '"citizen":{"name":"S. Devi","mobileMasked":"98xxxxxx78"},"previousAppealNo":null}'
)
"""The sample of docs/contracts/right_to_service.md section 6.3, at the level of the Commission and with a number of
ours."""


@dataclass
class Commission:
    """A sandbox of its own, and how to talk to it."""

    sandbox: Sandbox
    clock: ManualClock
    settings: RightToServiceSettings

    def client(self, app: Any = None, **changes: str) -> RightToService:
        remote = remote_over(app or self.sandbox.app, Source.RIGHT_TO_SERVICE, clock=self.clock)
        return RightToService(remote, replace(self.settings, **changes), self.clock)

    def effects(self) -> list[str]:
        return [str(entry["effect"]) for entry in self.sandbox.ledger.entries()]


@pytest.fixture
def commission(tmp_path: Path) -> Iterator[Commission]:
    clock = ManualClock(NOON)
    made, given = sandbox(create_sandbox, clock, tmp_path, "right_to_service")
    yield Commission(made, clock, RightToServiceSettings.from_onboarding(given))
    made.close()


def test_an_appeal_is_written_as_the_sample_of_the_contract():
    assert wire.filing(filing(REFERENCE)) == SAMPLE


def test_a_signature_is_as_the_contract_says():
    body = b'{"a":1}'
    text = f"1700000000\nPOST\n/rts/v1/appeals\n{hashlib.sha256(body).hexdigest()}"
    expected = hmac.new(b"secret", text.encode(), hashlib.sha256).hexdigest()
    assert signature("secret", "1700000000", "POST", "/rts/v1/appeals", body) == expected
    assert signature("secret", "1700000000", "post", "/rts/v1/appeals", body) == expected
    assert signature("secret", "1700000000", "POST", "/rts/v1/appeals", body + b" ") != expected


@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_timestamp_is_good_for_five_minutes(seconds: int, fresh: bool):
    assert is_fresh(str(int(NOON.timestamp()) + seconds), NOON) is fresh


@pytest.mark.parametrize("stamp", ["", "x", "-1", "1e9", "١٧٠٠٠٠٠٠٠٠", "1700000000.5", "9" * 40])
def test_what_is_no_timestamp_is_stale(stamp: str):
    assert not is_fresh(stamp, NOON)


WORD: dict[str, Any] = {
    "eventId": "E-1",
    "appealNo": "URTSC-2026-1",
    "type": "HEARING_FIXED",
    "at": "2026-11-26T10:00:00+05:30",
    "level": 3,
    "payload": {"hearingId": "H", "at": "2026-12-10T11:00:00+05:30", "place": "Dehradun"},
}


def test_a_message_is_read_and_what_it_does_not_need_is_left_out():
    given = {**WORD, "more": 1, "payload": {**WORD["payload"], "judge": "Somebody"}}
    word = wire.read_word(json.dumps(given).encode())
    assert (word.word, word.number, word.id) == (CommissionWord.HEARING_FIXED, "URTSC-2026-1", "E-1")
    assert set(word.payload) == {"hearingId", "cancelled", "at", "place"}
    assert word.digest == wire.read_word(json.dumps(WORD).encode()).digest


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"eventId": ""}, "eventId"),
        ({"eventId": "a" * 101}, "eventId"),
        ({"eventId": "a b"}, "eventId"),
        ({"appealNo": None}, "appealNo"),
        ({"type": "DELETED"}, "type"),
        ({"type": []}, "type"),
        ({"level": 1}, "level"),
        ({"at": "2026-11-26T10:00:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"payload": []}, "payload"),
        ({"payload": {"hearingId": "H"}}, "payload.at"),
        ({"payload": {**WORD["payload"], "place": " "}}, "payload.place"),
        ({"payload": {**WORD["payload"], "place": "a\x00b"}}, "payload.place"),
        ({"payload": {**WORD["payload"], "place": "a" * 201}}, "payload.place"),
        ({"payload": {**WORD["payload"], "cancelled": "yes"}}, "payload.cancelled"),
        ({"type": "DIRECTION", "payload": {"text": "T", "until": "31/12/2026"}}, "payload.until"),
        ({"type": "DECIDED", "payload": {"text": "T", "outcome": "ALLOWED"}}, "payload.outcome"),
        ({"type": "PENALTY", "payload": {"reason": "R", "amountPaise": True}}, "payload.amountPaise"),
        ({"type": "PENALTY", "payload": {"reason": "R", "amountPaise": -5}}, "payload.amountPaise"),
        ({"type": "PENALTY", "payload": {"reason": "R", "amountPaise": 10**12}}, "payload.amountPaise"),
        ({"type": "COMPENSATION", "payload": {"amountPaise": 5}}, "payload.reason"),
        ({"type": "TRANSFERRED", "payload": {"bench": "BIG"}}, "payload.bench"),
    ],
)
def test_a_message_that_is_wrong_names_the_field(changes: dict[str, Any], field: str):
    with pytest.raises(wire.Unreadable, match=rf"^{field}$"):
        wire.read_word(json.dumps({**WORD, **changes}).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 30_000, b"\xff"])
def test_what_is_no_object_is_no_message(content: bytes):
    with pytest.raises(wire.Unreadable, match=r"^body$"):
        wire.read_word(content)


async def test_an_appeal_is_taken_once_for_its_reference(commission: Commission):
    first = await commission.client().file_appeal(filing("UK-1-L3-TL"))
    commission.clock.advance(timedelta(days=2))
    again = await commission.client().file_appeal(filing("UK-1-L3-TL"))
    assert (first.known, again.known, first.number) == (False, True, again.number)
    assert commission.effects().count("case opened") == 1


async def test_a_case_is_found_by_number_and_by_reference(commission: Commission):
    client = commission.client()
    receipt = await client.file_appeal(filing("UK-1-L3-TL"))
    by_number, by_reference = await client.case(receipt.number), await client.case("UK-1-L3-TL")
    assert by_number == by_reference
    assert by_number is not None
    assert (by_number.reference, by_number.words) == ("UK-1-L3-TL", ())
    assert await client.case("UK-2-L3-TL") is None


async def test_an_event_is_taken_once_for_its_id(commission: Commission):
    client = commission.client()
    await client.file_appeal(filing("UK-1-L3-TL"))
    for _ in range(2):
        await client.send_event("UK-1-L3-TL", CaseEvent("E-1", "AMENDED", NOON, "COMMISSION", "Text."))
    case = await client.case("UK-1-L3-TL")
    assert case is not None
    assert case.has == {"E-1"}


async def test_a_month_is_reviewed_once(commission: Commission):
    client, month = commission.client(), date(2026, 10, 1)
    await client.put_review(month, {"month": "2026-10", "rows": []})
    commission.clock.advance(timedelta(days=2))
    await client.put_review(month, {"month": "2026-10", "rows": []})
    with pytest.raises(Refused, match="OTHER_CONTENT"):
        await client.put_review(month, {"month": "2026-10", "rows": [{}]})


@pytest.mark.parametrize("changes", [{"token": "w" * 20}, {"secret": "w" * 20}])
async def test_wrong_credentials_are_for_somebody_to_look_at(commission: Commission, changes: dict[str, str]):
    with pytest.raises(NotLetIn):
        await commission.client(**changes).case("UK-1-L3-TL")


async def test_another_case_than_the_one_asked_for_is_never_taken(commission: Commission):
    client = commission.client()
    await client.file_appeal(filing("UK-1-L3-TL"))
    other = httpx.MockTransport(_answering(200, {"appealNo": "URTSC-9", "appealRef": "UK-9-L3-TL"}))
    with pytest.raises(IntegrityFailure):
        await commission.client(other).case("UK-1-L3-TL")


def _answering(status: int, changes: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    body = {"appealNo": "URTSC-1", "appealRef": "UK-1-L3-TL", "state": "RECEIVED", "history": [], "received": []}
    content = json.dumps({**body, **changes}).encode()
    headers = {"Content-Type": "application/json"}
    return lambda _request: httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


@pytest.mark.parametrize(
    ("status", "changes", "outcome"),
    [
        (200, {"history": None}, Garbled),
        (200, {"history": [1]}, Garbled),
        (200, {"received": [1]}, Garbled),
        (200, {"appealNo": 5}, Garbled),
        (400, {"code": "BAD_FIELD"}, Refused),
        (403, {"code": "SERVICE_NOT_NOTIFIED"}, Refused),
        (403, {}, NotLetIn),
        (503, {}, Unavailable),
    ],
)
async def test_each_answer_has_one_of_three_outcomes(
    commission: Commission, status: int, changes: dict[str, Any], outcome: type[Exception]
):
    with pytest.raises(outcome):
        await commission.client(httpx.MockTransport(_answering(status, changes))).case("UK-1-L3-TL")


async def test_the_bench_decides_by_the_days_of_the_city(commission: Commission):
    client = commission.client()
    for number in range(40):
        await client.file_appeal(filing(f"UK-{number}-L3-TL"))
    cases = list(commission.sandbox.state.values_of("case").values())
    assert all(verdict_of(case, NOON + timedelta(days=5)) == [] for case in cases)
    said = [[kind for kind, _ in verdict_of(case, NOON + timedelta(days=60))] for case in cases]
    assert {tuple(kinds) for kinds in said} == {
        (),
        ("HEARING_FIXED", "DECIDED"),
        ("HEARING_FIXED", "DIRECTION", "PENALTY"),
    }
