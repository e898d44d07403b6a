"""Spoils the bodies of answers: cut, flipped, doubled, nested and mistyped, as portals in repair send them."""

import json
import random  # noqa: TID251 - seeded, so that a body that fails is the same again
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from integrations.calling.answers import Answer, read_as
from integrations.calling.errors import RemoteError
from integrations.connectors import Connector
from integrations.connectors.file import Example
from integrations.connectors.outcomes import Absent, Judge, Waits
from integrations.connectors.records import RowReader, Rows

AT = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
WORDS = (
    *("null", "true", "-0", "1e9999999", "1e-400", "9" * 60, "NaN", "[]", "{}", "[[[[]]]]", "0x1F", "012"),
    *('""', '"\\ud800"', '"\\u0000"', '"<p>"', '{"error":"quota"}', '"٣٢"', '{"a":1,"a":2}'),
    *("[" * 60 + "]" * 60, '"' + "क" * 5000 + '"'),
)
LARGEST = 2_000_000
"""Bytes; a longer body is refused while it is received (`body_limit` of the policy)."""

STATUSES = (200, 200, 200, 200, 201, 204, 400, 401, 404, 409, 429, 500, 503)
_VALUE = re.compile(rb'(?<=:)\s*("[^"]*"|-?[0-9.]+|null|true|false)|(?<=>)[^<>]+(?=<)')


class Reader:
    """Judges and reads the answers of every call of a connector, as its client does."""

    def __init__(self, connector: Connector) -> None:
        self._source, self._soap = connector.source, connector.wire.is_xml
        judges = {name: Judge(connector.source, call, connector.wire) for name, call in connector.calls.items()}
        self._calls = {name: (judge, RowReader(connector.calls[name], xml=judge.xml)) for name, judge in judges.items()}

    def read(self, example: Example, status: int, body: bytes) -> str:
        """The outcome of an answer by its name; another exception than the declared ones passes through."""
        judge, rows = self._calls[example.call]
        media = "text/xml" if self._soap else "application/json"
        answer = Answer(status, {"content-type": media}, body, AT)

        def read(given: Answer) -> Any:
            node = judge.judge(given)
            return node if isinstance(node, Absent | Waits) else rows.read(node, example.inputs)

        try:
            found = read_as(self._source, read, answer)
        except RemoteError as error:
            return type(error).__name__
        assert isinstance(found, Rows | Absent | Waits)
        return type(found).__name__


def spoilt_answers(examples: list[Example], seed: int) -> Iterator[tuple[Example, int, bytes]]:
    """Without end: an example, a status and a body that was spoilt."""
    dice = random.Random(seed)
    while True:
        example = dice.choice(examples)
        body = str(example.answer.get("body", "")).encode()
        for _ in range(dice.choice((1, 1, 2, 5))):
            body = dice.choice(_SPOILERS)(dice, body)[:LARGEST]
        yield example, dice.choice((example.answer["status"], *STATUSES)), body


def _cut(dice: random.Random, body: bytes) -> bytes:
    return body[: dice.randint(0, len(body))]


def _flip(dice: random.Random, body: bytes) -> bytes:
    if not body:
        return bytes([dice.randrange(256)])
    place = dice.randrange(len(body))
    return body[:place] + bytes([dice.randrange(256)]) + body[place + 1 :]


def _repeat(dice: random.Random, body: bytes) -> bytes:
    first, last = sorted((dice.randint(0, len(body)), dice.randint(0, len(body))))
    return body[:last] + body[first:last] * dice.choice((1, 2, 300)) + body[last:]


def _mistype(dice: random.Random, body: bytes) -> bytes:
    found = list(_VALUE.finditer(body))
    if not found:
        return dice.choice(WORDS).encode()
    value = dice.choice(found)
    return body[: value.start()] + dice.choice(WORDS).encode() + body[value.end() :]


def _drop(dice: random.Random, body: bytes) -> bytes:
    try:
        node = json.loads(body)
    except (ValueError, RecursionError):
        return re.sub(rb"<(\w+)>[^<]*</\1>", b"", body, count=dice.randint(1, 3))
    within = node[0] if isinstance(node, list) and node else node
    if isinstance(within, dict) and within:
        within.pop(dice.choice(sorted(within)))
    return json.dumps(node, ensure_ascii=False).encode(errors="replace")


def _wrap(dice: random.Random, body: bytes) -> bytes:
    before, behind = dice.choice(
        ((b"[", b"]"), (b'{"d":', b"}"), (b"<a>", b"</a>"), (b"\xef\xbb\xbf", b""), (b"<!DOCTYPE a>", b""))
    )
    return before + body + behind


_SPOILERS = (_cut, _flip, _repeat, _mistype, _mistype, _mistype, _drop, _wrap)
