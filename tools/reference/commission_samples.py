"""docs/partners/commission: signed sample calls both ways with the octets on the line, made by the real parts.

Calls of ours are what our client sends to a recorder; calls of the Commission are answered by our door with a docket in
place of the store. Keys and times are made up, so that the same files come out each time; only the sample case file is
signed anew, by a key of its own, and is examined instead of compared.
"""

import asyncio
import hashlib
import hmac
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from actions.appeals.case_file import pack_signed_zip
from domain.appeals.commission import MessageState
from domain.kernel import ManualClock, Source
from gateway.http.public_keys import public_keys
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.monitor import SourceMonitor
from integrations.calling.remote import Remote, Resilience
from integrations.calling.transport import open_client
from integrations.right_to_service import (
    AppealFiling,
    Attachment,
    CaseEvent,
    MessageReceipt,
    NotifiedService,
    OtherMessage,
    ReceivedMessage,
    RightToService,
    RightToServiceSettings,
    UnknownCase,
    commission_routes,
)
from store.database import Keyrings

NOW = datetime(2026, 11, 26, 4, 30, tzinfo=UTC)
NUMBER, REFERENCE = "URTSC-2026-00012345", "UK-26000001234567-L3-TL"
FILE = "3f0c2b7c9e8d4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c"
ACCOUNT = {
    "token": "sample-token-of-the-portal",
    "secret": "sample-secret-of-the-portal",
    "hook_token": "sample-token-of-the-commission",
    "hook_secret": "sample-secret-of-the-commission",
}
HOOK = "/hooks/rts"


@dataclass
class _Docket:
    """One case, and the messages about it."""

    taken: dict[str, ReceivedMessage]

    async def take(self, word: ReceivedMessage) -> MessageReceipt:
        if word.number != NUMBER:
            raise UnknownCase
        kept = self.taken.setdefault(word.id, word)
        if kept.digest != word.digest:
            raise OtherMessage
        return MessageReceipt(word.id, MessageState.APPLIED, repeated=kept is not word)

    async def case_file(self, sha256: str) -> bytes | None:
        return b"the octets of the case file" if sha256 == FILE else None


async def samples() -> list[dict[str, Any]]:
    """Every sample: a name, the request and the answer, each with its headers and body."""
    return [*await _outgoing_calls(), *await _incoming_calls()]


def write(folder: Path) -> None:
    """Write the samples and a signed case file with the key to examine it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "samples.json").write_text(_text(asyncio.run(samples())), encoding="utf-8")
    content, keys = _case_file()
    (folder / "case-file.zip").write_bytes(content)
    (folder / "jwks.json").write_text(_text(keys), encoding="utf-8")


def is_outdated(folder: Path) -> bool:
    """Whether the samples are not what the code says."""
    path = folder / "samples.json"
    return not path.exists() or path.read_text(encoding="utf-8") != _text(asyncio.run(samples()))


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _case_file() -> tuple[bytes, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        keyrings = Keyrings(Path(folder))
        keyrings.init()
        files = {"application.json": b'{"number":"26000001234567"}\n', "papers.json": b"[]\n"}
        return pack_signed_zip(keyrings, REFERENCE, files, NOW), public_keys(keyrings, ("manifest",))


class _Recorder(httpx.AsyncBaseTransport):
    """Keeps what is sent, and answers as the contract's Commission."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self._answers: dict[str, tuple[int, dict[str, Any]]] = {}

    def prepare_answer(self, name: str, status: int, body: dict[str, Any]) -> None:
        self._answers = {"name": (status, body)}
        self._name = name

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        status, body = self._answers["name"]
        content = json.dumps(body, separators=(",", ":")).encode()
        shown = ("authorization", "x-request-id", "x-timestamp", "x-signature", "content-type")
        headers = {name: request.headers[name] for name in shown if name in request.headers}
        sent = (await request.aread()).decode()
        asked = {"method": request.method, "path": request.url.path, "headers": headers, "body": sent}
        answer = {"status": status, "body": content.decode()}
        self.seen.append({"name": self._name, "from": "portal", "request": asked, "answer": answer})
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


async def _outgoing_calls() -> list[dict[str, Any]]:
    clock, recorder = ManualClock(NOW), _Recorder()
    shared = Resilience(clock, Breakers(clock), AnswerCache(open_cache(None), clock), SourceMonitor([*Source]))
    remote = Remote(Source.RIGHT_TO_SERVICE, "http://commission.test", client=open_client(recorder), shared=shared)
    client = RightToService(remote, RightToServiceSettings.from_onboarding(ACCOUNT), clock)
    opened = {"appealNo": NUMBER, "level": 3, "receivedAt": "2026-11-26T10:00:00.000+05:30", "decideBy": None}
    recorder.prepare_answer("an appeal is filed", 201, opened)
    await client.file_appeal(_filing())
    recorder.prepare_answer("the same appeal again", 409, {"code": "ALREADY_APPEALED", "appealNo": NUMBER})
    await client.file_appeal(_filing())
    recorder.prepare_answer("the case file is named", 202, {"eventId": f"{REFERENCE}:CASE_FILE"})
    await client.send_event(NUMBER, _case_file_event())
    recorder.prepare_answer("a compensation was paid", 202, {"eventId": f"{REFERENCE}:COMPENSATION_PAID:1795667400"})
    await client.send_event(NUMBER, _compensation_event())
    history = {**opened, "appealRef": REFERENCE, "state": "RECEIVED", "history": [], "received": []}
    recorder.prepare_answer("a case is read", 200, history)
    await client.case(NUMBER)
    recorder.prepare_answer("a service is told", 200, {"version": 1})
    await client.put_service(_service())
    recorder.prepare_answer("the summary of a day", 200, {"rows": 1})
    row = {"serviceCode": "ES09", "district": "49", "received": 5, "deliveredInTime": 3, "deliveredLate": 1}
    row |= {"rejected": 0, "pending": 12, "pendingBeyondLimit": 2}
    await client.send_summary(date(2026, 11, 25), {"date": "2026-11-25", "rows": [row]})
    recorder.prepare_answer("the review of a month", 201, {"month": "2026-10"})
    await client.put_review(date(2026, 10, 1), {"month": "2026-10", "madeOn": "2026-11-05", "rows": [], "reasons": {}})
    return recorder.seen


async def _incoming_calls() -> list[dict[str, Any]]:
    door = Starlette(routes=commission_routes(_Docket({}), _settings(), ManualClock(NOW)))
    hearing = {"hearingId": "H-1", "at": "2026-12-10T11:00:00.000+05:30", "place": "Commission, Dehradun"}
    moved = {**hearing, "at": "2026-12-17T11:00:00.000+05:30"}
    fixed = _word("E-1", "HEARING_FIXED", hearing)
    other = _word("E-1", "HEARING_FIXED", moved)
    calls: list[tuple[str, str, str, bytes, Mapping[str, str | None]]] = [
        ("a hearing is fixed", "POST", HOOK, fixed, {}),
        ("the same message again", "POST", HOOK, fixed, {}),
        ("the hearing is moved", "POST", HOOK, _word("E-2", "HEARING_FIXED", moved), {}),
        ("it is cancelled", "POST", HOOK, _word("E-3", "HEARING_FIXED", {"hearingId": "H-1", "cancelled": True}), {}),
        ("an order", "POST", HOOK, _word("E-4", "DIRECTION", {"text": "Give it.", "until": "2026-12-31"}), {}),
        ("a decision", "POST", HOOK, _word("E-5", "DECIDED", {"outcome": "DISMISSED", "text": "No ground."}), {}),
        ("a penalty", "POST", HOOK, _word("E-6", "PENALTY", {"amountPaise": 100_000, "reason": "No cause."}), {}),
        ("a compensation", "POST", HOOK, _word("E-7", "COMPENSATION", {"amountPaise": 50_000, "reason": "Delay."}), {}),
        ("another bench", "POST", HOOK, _word("E-8", "TRANSFERRED", {"bench": "FULL"}), {}),
        ("the case file is fetched", "GET", f"{HOOK}/case-files/{FILE}", b"", {}),
        ("refused: no token", "POST", HOOK, fixed, {"Authorization": None}),
        ("refused: another body's signature", "POST", HOOK, other, _headers("POST", HOOK, fixed)),
        ("refused: an old timestamp", "POST", HOOK, fixed, {"X-Timestamp": str(int(NOW.timestamp()) - 301)}),
        ("refused: no hearing", "POST", HOOK, _word("E-9", "HEARING_FIXED", {"place": "Dehradun"}), {}),
        ("refused: an id of another message", "POST", HOOK, other, {}),
        ("refused: an unknown case", "POST", HOOK, fixed.replace(b"00012345", b"99999999"), {}),
        ("refused: another file", "GET", f"{HOOK}/case-files/{FILE[::-1]}", b"", {}),
    ]
    made = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=door), base_url="http://gateway.test") as client:
        for name, method, path, body, changes in calls:
            given = {**_headers(method, path, body), **changes}
            headers = {key: value for key, value in given.items() if value is not None}
            answer = await client.request(method, path, content=body, headers=headers)
            asked = {"method": method, "path": path, "headers": headers, "body": body.decode()}
            shown = {"status": answer.status_code, "body": answer.text}
            made.append({"name": name, "from": "commission", "request": asked, "answer": shown})
    return made


def _settings() -> RightToServiceSettings:
    return RightToServiceSettings.from_onboarding(ACCOUNT)


def _word(event_id: str, kind: str, payload: Mapping[str, Any]) -> bytes:
    at = "2026-11-26T09:59:00.000+05:30"
    word = {"eventId": event_id, "appealNo": NUMBER, "type": kind, "at": at, "level": 3, "payload": payload}
    return json.dumps(word, separators=(",", ":")).encode()


def _headers(method: str, path: str, body: bytes) -> dict[str, str]:
    """As docs/contracts/right_to_service.md section 6 says; written here once more, for these are samples of it."""
    stamp = str(int(NOW.timestamp()))
    text = f"{stamp}\n{method}\n{path}\n{hashlib.sha256(body).hexdigest()}"
    return {
        "Authorization": f"Bearer {ACCOUNT['hook_token']}",
        "Content-Type": "application/json",
        "X-Request-Id": "3f6c0b1e-7a52-4c5e-9a52-1f4f5a2b7c10",
        "X-Timestamp": stamp,
        "X-Signature": hmac.new(ACCOUNT["hook_secret"].encode(), text.encode(), hashlib.sha256).hexdigest(),
    }


def _filing() -> AppealFiling:
    return AppealFiling(
        reference=REFERENCE,
        application_number="26000001234567",
        service_code="ES09",
        district="49",
        tehsil="304",
        channel="CSC",
        ground="TIME_LIMIT_BREACHED",
        origin="AUTO",
        received_on=date(2026, 8, 3),
        due_on=date(2026, 8, 24),
        breached_on=date(2026, 8, 25),
        paused_days=0,
        limit_days=15,
        limit_unit="WORKING_DAYS",
        designated_id="01930000-0000-7000-8000-000000000001",
        first_id="01930000-0000-7000-8000-000000000002",
        second_id="01930000-0000-7000-8000-000000000003",
        citizen_name="S. Devi",
        mobile_masked="98xxxxxx78",
        previous_number="36000001234567",
        filed_at=datetime(2026, 11, 26, tzinfo=UTC),
    )


def _case_file_event() -> CaseEvent:
    url = f"https://apuni.example/hooks/rts/case-files/{FILE}"
    attachment = Attachment(FILE, url, 4096, "application/zip")
    return CaseEvent(f"{REFERENCE}:CASE_FILE", "CASE_FILE", NOW, "SYSTEM", None, (attachment,))


def _compensation_event() -> CaseEvent:
    facts = {"amountPaise": 50_000, "on": "2026-11-26", "reference": "TV-2026-118"}
    return CaseEvent(f"{REFERENCE}:COMPENSATION_PAID:1795667400", "COMPENSATION_PAID", NOW, "SYSTEM", facts=facts)


def _service() -> NotifiedService:
    roles = {"do": "Tehsildar", "faa": "Sub-Divisional Magistrate", "saa": None}
    return NotifiedService(
        "ES09", 1, "आय प्रमाण पत्र", "Income Certificate", "revenue-department", 15, "WORKING_DAYS", roles, None, None
    )
