"""Makes docs/partners/etaal/samples: calls as they go over the line, the octets that the door answers, and an export.

The door is the real one, over counts and under a clock that stand still and with credentials that are for this alone,
so the same release makes the same octets. Nothing here runs in a gateway.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette

from actions.etaal.counts import told_to_etaal
from domain.etaal.counting import MAPPED, TransactionCount
from domain.kernel import ManualClock, TemporarilyUnavailable
from integrations.etaal import Batch, EtaalPushSettings, EtaalSettings, ServiceCount, etaal_routes
from integrations.etaal import wire_push as wire
from store.etaal.ledger_seal import GENESIS, link_of, row_content
from tools.reference.sample_files import FOLDER

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
DAY = date(2026, 11, 23)
AWAY = date(2026, 11, 22)
"""A day on which the store of the samples is away."""

HOST = "https://apuni.example"
USER, PASSWORD, BEARER = "etaal-test-only", "test-only-password", "test-only-bearer-token"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SOAP = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"http://tempuri.org/eTransactionCount"'}
_JSON = {"Content-Type": "application/json", "Authorization": f"Bearer {BEARER}"}
_URL, _ASMX, _COUNTS = "/etaal/eTransactionCount", "/etaal/service.asmx", "/etaal/v1/counts"
_RIGHT = {"TransactionDate": "23/11/2026", "UserName": USER, "Password": PASSWORD}
_BOMB = '<!DOCTYPE a [<!ENTITY b "c">]><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"/>'


@dataclass(frozen=True)
class Sample:
    """One call. `settings` are the door's where they differ from the usual ones."""

    name: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    networks: tuple[str, ...] = ()
    calls_a_minute: int = 60


class _Counted:
    """The counts of the sample day; another day has none, and one is away."""

    async def counts_on(self, day: date) -> Sequence[ServiceCount]:
        return told_to_etaal(_COUNTED) if day == DAY else ()

    async def revision(self, day: date) -> int:
        if day == AWAY:
            raise TemporarilyUnavailable
        return len(_EVENTS) if day == DAY else 0


def _form(**changes: str) -> bytes:
    return urlencode({**_RIGHT, **changes}).encode()


def _envelope(day: str) -> bytes:
    parts = "".join(f"<{name}>{value}</{name}>" for name, value in {**_RIGHT, "TransactionDate": day}.items())
    return (
        '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<soap:Body><eTransactionCount xmlns="http://tempuri.org/">{parts}</eTransactionCount></soap:Body>'
        "</soap:Envelope>"
    ).encode()


def _json(**body: str) -> bytes:
    return json.dumps(body).encode()


SAMPLES = (
    Sample("url-get", "GET", f"{_URL}?{urlencode(_RIGHT)}", {}),
    Sample("url-post", "POST", _URL, _FORM, _form()),
    Sample("url-no-date", "POST", _URL, _FORM, _form(TransactionDate="")),
    Sample("url-date-of-another-form", "POST", _URL, _FORM, _form(TransactionDate="2026-11-23")),
    Sample("url-no-such-date", "POST", _URL, _FORM, _form(TransactionDate="31/02/2026")),
    Sample("url-wrong-password", "POST", _URL, _FORM, _form(Password="guess")),  # noqa: S106 - it is wrong
    Sample("url-future-date", "POST", _URL, _FORM, _form(TransactionDate="25/12/2026")),
    Sample("url-day-without-counts", "POST", _URL, _FORM, _form(TransactionDate="01/11/2026")),
    Sample("url-store-away", "POST", _URL, _FORM, _form(TransactionDate="22/11/2026")),
    Sample("url-rate-limited", "POST", _URL, _FORM, _form(), calls_a_minute=0),
    Sample("url-address-not-listed", "POST", _URL, _FORM, _form(), networks=("10.0.0.0/8",)),
    Sample("url-too-large", "POST", _URL, _FORM, b"a" * 16_385),
    Sample("wsdl", "GET", f"{_ASMX}?WSDL", {}),
    Sample("soap", "POST", _ASMX, _SOAP, _envelope("23/11/2026")),
    Sample("soap-no-date", "POST", _ASMX, _SOAP, _envelope("")),
    Sample("soap-entities", "POST", _ASMX, _SOAP, _BOMB.encode()),
    Sample("soap-another-action", "POST", _ASMX, {**_SOAP, "SOAPAction": '"DropTables"'}, _envelope("23/11/2026")),
    Sample("json-day", "POST", _COUNTS, _JSON, _json(transactionDate="23/11/2026")),
    Sample("json-range", "POST", _COUNTS, _JSON, _json(fromDate="2026-11-23", toDate="2026-11-24")),
    Sample("json-range-too-long", "POST", _COUNTS, _JSON, _json(fromDate="2026-01-01", toDate="2026-11-24")),
    Sample("json-no-date", "POST", _COUNTS, _JSON, _json()),
    Sample("json-wrong-token", "POST", _COUNTS, {**_JSON, "Authorization": "Bearer guess"}, _json()),
)

_EVENTS = (
    ("DELIVERED", "ES09", "53", "WEB", "A", 1, None, ""),
    ("DELIVERED", "ES09", "53", "CSC", "A", 1, None, ""),
    ("DELIVERED", "ES09", "54", "UMANG", "A", 1, None, ""),
    (MAPPED, "ES09", "", "", "", 0, None, "UK0517|A|DISTRICT"),
    ("STATUS_ENQUIRY", "APSK-STATUS", "53", "WEB", "D", 1, None, ""),
    ("DELIVERED", "ES09", "53", "WEB", "A", 1, None, "UK0517|A|DISTRICT"),
    ("DELIVERED", "ES09", "53", "WEB", "A", -1, 0, "UK0517|A|DISTRICT"),
)
"""The rows of the day: event, service, district, channel, category, count, which row is taken back, and the code."""

_COUNTED = (
    TransactionCount(DAY, "APSK-STATUS", "53", "WEB", "D", 1),
    TransactionCount(DAY, "ES09", "53", "CSC", "A", 1, "UK0517|A|DISTRICT"),
    TransactionCount(DAY, "ES09", "53", "WEB", "A", 1, "UK0517|A|DISTRICT"),
    TransactionCount(DAY, "ES09", "54", "UMANG", "A", 1, "UK0517|A|DISTRICT"),
)


async def make_samples() -> dict[str, bytes]:
    """Every file of the folder by its name."""
    files: dict[str, bytes] = {}
    for place, sample in enumerate(SAMPLES, start=1):
        name = f"{FOLDER}/{place:02d}-{sample.name}"
        files[f"{name}.http"], files[f"{name}.answer"] = await _record_call(sample)
    files |= {f"{FOLDER}/push.http": _push(), f"{FOLDER}/2026-11-23.jsonl": _export()}
    return files


async def _record_call(sample: Sample) -> tuple[bytes, bytes]:
    settings = EtaalSettings(USER, PASSWORD, BEARER, HOST)
    settings = replace(settings, networks=sample.networks, calls_a_minute=sample.calls_a_minute)
    app = Starlette(routes=etaal_routes(_Counted(), settings, ManualClock(NOW)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=HOST) as client:
        answer = await client.request(sample.method, sample.path, content=sample.body, headers=sample.headers)
    shown = sample.body if len(sample.body) < 10_000 else b"(16385 octets)"
    request = _message(f"{sample.method} {sample.path} HTTP/1.1", sample.headers, shown)
    told = {name: answer.headers[name] for name in ("content-type", "retry-after") if name in answer.headers}
    return request, _message(f"HTTP/1.1 {answer.status_code}", told, answer.content)


def _message(first: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\n".join(lines).encode() + body


def _push() -> bytes:
    settings = EtaalPushSettings("UKAPSK", "id-test-only", "secret-test-only", "signing-test-only", DAY)
    batch = Batch(DAY, len(_EVENTS), tuple(told_to_etaal(_COUNTED)))
    body = wire.body_of(batch, settings)
    return _message(f"POST {wire.PUSH_PATH} HTTP/1.1", wire.headers_of(batch, settings, body, "token-test-only"), body)


def _export() -> bytes:
    """The rows of the day as `apuni etaal export` writes them."""
    link, lines = GENESIS, []
    for number, (event, service, district, channel, category, count, corrects, stands) in enumerate(_EVENTS):
        row: Any = SimpleNamespace(
            day=DAY,
            event=event,
            service_code=service,
            district=district,
            channel=channel,
            category=category,
            amount=count,
            rules_version="" if event == MAPPED else "2026-2",
            recorded_at=NOW + timedelta(seconds=number),
            event_key=f"SAMPLE:{number}",
            corrects=None if corrects is None else f"SAMPLE:{corrects}",
            reason=MAPPED if event == MAPPED else None if corrects is None else "CERTIFICATE_REVOKED",
        )
        said = row_content(row, number + 1, stands)
        link = link_of(link, said)
        lines.append(json.dumps({**said, "link": link}, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    return ("\n".join(lines) + "\n").encode()
