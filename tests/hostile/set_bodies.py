"""Hostile bodies: no JSON, odd JSON, JSON that is no envelope, envelopes with odd members."""

import json
from random import Random  # noqa: TID251 - the set is made from a seed

from tests.hostile.frame import Case, raw, request

CANARY = "999941057058"
"""A test number of the Unique Identification Authority, which must not come up anywhere."""


def cases(seed: Random) -> list[Case]:
    """Sizes and bytes vary with the seed."""
    return [
        raw(f"body {number} {content[:24]!r}", request(b"POST", b"/graphql", content))
        for number, content in enumerate([*_no_json(seed), *_odd_json(seed), *_envelopes(seed)])
    ]


def _no_json(seed: Random) -> list[bytes]:
    deep = seed.randrange(500, 40_000)
    return [
        b"",
        b" ",
        b"\0",
        b"{",
        b"}",
        b"{]",
        b"[}",
        b"nul",
        b"'{}'",
        b"{query: 1}",
        b"{'query': 1}",
        b'{"query" "x"}',
        b'{"query":"x",}',
        b"// comment\n{}",
        b'{"query":"\xff\xfe"}',
        b"\xef\xbb\xbf{}",
        '{"query":"{ __typename }"}'.encode("utf-16"),
        '{"query":"{ __typename }"}'.encode("utf-32"),
        b'{"query":"\n"}',
        b'{"query":"\\x"}',
        b'{"query":"\\ud800"}',
        b'{"query":"\\u0000"}',
        b"[" * deep,
        b"[" * deep + b"]" * deep,
        b'{"a":' * (deep // 5),
        b'{"a":' * (deep // 6) + b"1" + b"}" * (deep // 6),
        b'"' * 90_000,
        b'\\"' * 40_000,
        b'"' + b"\\" * 90_000,
        b"9" * seed.randrange(5000, 90_000),
        b"-" + b"9" * 6000,
        b"1e999999",
        b"0x10",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"<xml/>",
        b"query { __typename }",
        b"query=%7B__typename%7D",
        bytes(seed.randrange(256) for _ in range(seed.randrange(10, 5000))),
        b"\x1f\x8b\x08\x00" + bytes(seed.randrange(256) for _ in range(300)),
    ]


def _odd_json(seed: Random) -> list[bytes]:
    wide = {f"k{number}": number for number in range(seed.randrange(5001, 6000))}
    batch = [{"query": "{ __typename }"}] * seed.randrange(2, 200)
    values = [None, True, False, 0, 1, -1, 1.5, "", "x", "{ __typename }", [], [[]], [None], batch, wide, {"a": wide}]
    return [
        *(json.dumps(value).encode()[:99_000] for value in values),
        b'{"query":"{ __typename }","query":"{ __schema { types { name } } }"}',
        b'{"__proto__":{"query":"{ __typename }"}}',
        b'{"constructor":{"prototype":{}},"query":"{ __typename }"}',
        b'{"query":"{ __typename }","variables":{"a":1e999}}',
        b'{"query":"{ __typename }","variables":{"a":' + b"1" * 70 + b"}}",
        b'{"query":"{ __typename }","variables":{"\\udfff":"\\ud83d"}}',
        b'{"query":"{ __typename }","variables":{"":"","\\u0000":1}}',
    ]


def _envelopes(seed: Random) -> list[bytes]:
    odd = [None, 0, 1.5, True, "", " ", "x" * seed.randrange(1000, 50_000), [], ["a"], {}, {"a": {"b": []}}]
    good = {"query": "{ __typename }"}
    made = [{}, {"qeury": "x"}, {"query": "{ __typename }" + " " * 90_000}, good | {"id": CANARY}, {"mutation": "x"}]
    made += [{"query": value} for value in odd]
    made += [good | {name: value} for name in ("operationName", "variables", "extensions") for value in odd]
    named = (*odd, "../../etc/passwd", "sha256:" + "0" * 64)
    made += [{name: value} for name in ("documentId", "id") for value in named]
    made += [{"extensions": {"persistedQuery": value}} for value in (*odd, {"version": 1, "sha256Hash": "0" * 64})]
    made += [{"extensions": {"persistedQuery": {"version": 2, "sha256Hash": value}}} for value in (1, "x" * 9000, None)]
    return [json.dumps(value, ensure_ascii=False).encode() for value in made]
