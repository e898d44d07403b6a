"""Checks a connector's file by its examples, both ways and without its system (docs/connectors.md section 6)."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import httpx

from domain.kernel import Clock, ManualClock, SeededIds, Source, mask_account, mask_mobile
from integrations.calling.answers import Answer, read_as
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.errors import Garbled, NotLetIn, Refused, RemoteError, Unavailable
from integrations.calling.guarded_calls import Resilience
from integrations.calling.monitor import SourceMonitor
from integrations.calling.policies import Effect
from integrations.calling.remote import Remote
from integrations.calling.transport import open_client
from integrations.connectors.client import ConnectorClient, Waiting
from integrations.connectors.faults import ConnectorFault
from integrations.connectors.field_matrix import NOON, answer_of
from integrations.connectors.file import Connector, ConnectorCall, Example, Personal
from integrations.connectors.outcomes import Absent, Judge, Waits
from integrations.connectors.records import RowReader

SPOILT_BODIES = 2000
_PAIRS: Mapping[str, tuple[str, str]] = {
    "oauth2": ("client_id", "client_secret"),
    "basic": ("username", "password"),
    "ws_security": ("username", "password"),
}
_ERRORS: Mapping[str, type[RemoteError]] = {
    "absent": Refused,
    "refused": Refused,
    "unavailable": Unavailable,
    "garbled": Garbled,
    "not_let_in": NotLetIn,
    "waiting": Waiting,
}
_BAD_PARTS = (b"", b"null", b"[]", b"{}", b'"x"', b"-1e999", b"\xff", b"<", b"&amp;", b"\\u0000")
_TOKEN = b'{"access_token": "stand-in", "token_type": "Bearer", "expires_in": 600}'
_METHODS = ("GET", "POST", "PUT", "PATCH")


async def example_faults(connector: Connector) -> list[ConnectorFault]:
    """What of the examples is not as the file maps it: what is sent, and what the answer means."""
    return [fault for example in connector.examples async for fault in _faults_of(connector, example)]


async def meaning_of(
    connector: Connector, example: Example, sent: list[httpx.Request] | None = None
) -> list[Any] | RemoteError:
    """The rows that an example's answer is read as, or the error; the requests are added to `sent`."""
    client = _client(connector, example, [] if sent is None else sent)
    try:
        return await rows_of(client, connector.calls[example.call], example)
    except RemoteError as error:
        return error


def spoilt_faults(connector: Connector, number: int = SPOILT_BODIES) -> list[ConnectorFault]:
    """The examples whose answers, cut, mistyped or changed in places, end otherwise than in a declared outcome."""
    found = []
    for place in range(number if connector.examples else 0):
        example = connector.examples[place % len(connector.examples)]
        call = connector.calls[example.call]
        body = _spoil(str(example.answer.get("body", "")).encode(), place)
        try:
            _meaning(connector, call, answer_of(connector, example.answer["status"], body))
        except RemoteError:
            continue
        except Exception as error:  # noqa: BLE001 - any other error is what is looked for
            rule = f"a spoilt answer of `{call.name}` ends in {type(error).__name__}"
            found.append(ConnectorFault(example.line, rule, "Report it: no answer of a system may do this."))
    return found


def plain(value: Any) -> Any:
    """A value of a row as an example says it."""
    match value:
        case date():  # instants are days too
            return value.isoformat()
        case Decimal():
            return str(value)
        case tuple() | list():
            return [plain(one) for one in value]
        case Mapping():
            return {name: plain(one) for name, one in value.items()}
    return value


async def rows_of(client: ConnectorClient, call: ConnectorCall, example: Example) -> list[Any]:
    """The rows that a call gives for an example's inputs. Raises as the client does."""
    inputs = dict(example.inputs)
    if call.effect is not Effect.READ:
        return [plain(await client.write(call, inputs, str(inputs.pop("key", "K7654321"))))]
    return [plain(row) for row in (await client.read(call, inputs, citizen_id="check")).rows]


def masked_inputs(call: ConnectorCall, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as a terminal may show them: what is personal by the mask of its class, and nothing of what we add."""
    found: dict[str, Any] = {}
    for name, value in inputs.items():
        personal = call.takes[name].personal if name in call.takes else Personal.FREE
        found[name] = value if personal is None else _MASKS.get(personal, _hide)(str(value))
    return found


def _hide(_value: str) -> str:
    return "…"


_MASKS: Mapping[Personal, Callable[[str], str]] = {
    Personal.CONTACT: mask_mobile,
    Personal.IDENTITY: mask_account,
}
"""What else is personal is hidden whole: a part of a name, a day or an address is still somebody's."""


def fresh_resilience(clock: Clock) -> Resilience:
    """Breakers, cache and monitor that remember nothing."""
    return Resilience(clock, Breakers(clock), AnswerCache(open_cache(None), clock), SourceMonitor(Source))


def stand_in_secrets(connector: Connector) -> dict[str, Any]:
    """A secret of the right form for each name in the file."""
    found: dict[str, Any] = dict.fromkeys(connector.secrets, "stand-in")
    for way in connector.authentication:
        if way.type in _PAIRS:
            found[way.secret] = dict.fromkeys(_PAIRS[way.type], "stand-in")
    return found


async def _faults_of(connector: Connector, example: Example) -> AsyncIterator[ConnectorFault]:
    sent: list[httpx.Request] = []
    call, rows = connector.calls[example.call], await meaning_of(connector, example, sent)
    told = f"{type(rows).__name__} {rows.code}" if isinstance(rows, RemoteError) else f"{len(rows)} rows that differ"
    if not _is_as_expected(rows, example.expected):
        wanted = example.expected if isinstance(example.expected, str) else f"{len(example.expected)} rows"
        rule = f"the example of `{call.name}` means {wanted}, and is read as {told}"
        yield ConnectorFault(example.line, rule, "Correct the mapping, or the example.")
    for part in _unlike(connector, example, sent[0] if sent else None):
        rule = f"the example of `{call.name}` is not sent as it says: {part}"
        yield ConnectorFault(example.line, rule, "Correct `sent`, or the templates of the call.")


def _is_as_expected(rows: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return bool(rows == expected)
    return (expected == "absent" and rows == []) or isinstance(rows, _ERRORS[expected])


def _unlike(connector: Connector, example: Example, request: httpx.Request | None) -> Iterator[str]:
    """The parts of a request that are not as `sent` says; a path stands there without that of the address."""
    known = example.sent
    if request is None:
        if known:
            yield "nothing was sent"
        return
    for method in _METHODS:
        path = connector.address.path + str(known.get(method, ""))
        if method in known and (request.method, request.url.raw_path.decode()) != (method, path):
            yield method
    text = request.content.decode()
    if "body" in known and _json_or_text(text) != _json_or_text(known["body"]):
        yield "body"
    if any(request.headers.get(name) != value for name, value in known.get("headers", {}).items()):
        yield "headers"
    if any(part not in unquote(text) for part in known.get("contains", ())):
        yield "contains"


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def _client(connector: Connector, example: Example, sent: list[httpx.Request]) -> ConnectorClient:
    """A client whose one answer is the example's; whatever follows finds nothing."""
    tokens = {way.options.get("token") for way in connector.authentication if way.type == "oauth2"}

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path in tokens:
            return _response(200, {"content-type": "application/json"}, _TOKEN)
        sent.append(request)
        if len(sent) > 1 and connector.calls[example.call].effect is not Effect.READ:
            return _response(404, {}, b"")
        answer = answer_of(connector, example.answer["status"], str(example.answer.get("body", "")).encode())
        headers = {**answer.headers, **example.answer.get("headers", {})}
        return _response(answer.status, headers, answer.content)

    clock = ManualClock(NOON)
    shared = fresh_resilience(clock)
    line = open_client(httpx.MockTransport(handle))
    remote = Remote(connector.source, connector.address.origins["production"], client=line, shared=shared)
    return ConnectorClient(connector, remote, stand_in_secrets(connector), SeededIds(clock, "7"))


def _response(status: int, headers: Mapping[str, str], content: bytes) -> httpx.Response:
    """A response whose body is still to be read, as from a line."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


def _meaning(connector: Connector, call: ConnectorCall, answer: Answer) -> Any:
    judge = Judge(connector.source, call, connector.wire)

    def read(given: Answer) -> Any:
        node = judge.judge(given)
        return (
            node
            if isinstance(node, Absent | Waits) or not call.fields
            else RowReader(call, xml=judge.xml).read(node, {})
        )

    return read_as(connector.source, read, answer)


def _spoil(body: bytes, number: int) -> bytes:
    """The body with up to four places cut out or changed into what a reader must bear; the same for one number."""
    found, digest = bytearray(body), hashlib.sha256(str(number).encode()).digest()
    for place in range(1 + number % 4):
        at = int.from_bytes(digest[4 * place : 4 * place + 4], "big") % (len(found) + 1)
        found[at : at + digest[16 + place] % 12] = _BAD_PARTS[digest[20 + place] % len(_BAD_PARTS)]
    return bytes(found)
