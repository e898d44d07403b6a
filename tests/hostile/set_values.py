"""Hostile values: variables of the wrong kind and size, references to entities, writes with odd input, identities."""

import base64
import json
from random import Random  # noqa: TID251 - the set is made from a seed
from typing import Any

from tests.hostile.frame import Case, Outcome, Target, graphql, request
from tests.hostile.set_bodies import CANARY

SERVICES = (
    "query ($first: Int!, $after: String, $filter: ServiceFilter) "
    "{ services(first: $first, after: $after, filter: $filter) { nodes { code } } }"
)
NODE = "query ($id: ID!) { node(id: $id) { id } }"
ENTITIES = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
SUBMIT = "mutation ($input: SubmitApplicationInput!) { submitApplication(input: $input) { userErrors { code } } }"


def cases(seed: Random) -> list[Case]:
    """Sizes vary with the seed."""
    return [*_variables(seed), *_references(seed), *_writes(seed), *_identities(seed)]


def _odd(seed: Random) -> list[Any]:
    deep: Any = 1
    for _ in range(20):
        deep = {"a": [deep]}
    return [
        None,
        True,
        -1,
        0,
        2**31,
        2**63,
        1.5,
        1e308,
        "",
        "x" * seed.randrange(1000, 60_000),
        CANARY,
        "आशा नेगी" * 50,
        "\u202e\u0000"[:1],
        [],
        [[]] * 50,
        {},
        {"__proto__": 1},
        deep,
        {"a": "b" * 9000},
    ]


def _variables(seed: Random) -> list[Case]:
    odd = _odd(seed)
    return [
        *(graphql(f"first {str(value)[:20]}", SERVICES, {"first": value}) for value in odd),
        *(graphql(f"filter {str(value)[:20]}", SERVICES, {"first": 5, "filter": value}) for value in odd),
        *(graphql(f"after {str(value)[:20]}", SERVICES, {"first": 5, "after": value}) for value in odd),
        *(graphql(f"id {str(value)[:20]}", NODE, {"id": value}) for value in (*odd, *_ids(seed))),
        graphql("variables that nobody asked for", "{ __typename }", {f"v{n}": n for n in range(2000)}),
        graphql("a variable that is missing", NODE, {}),
    ]


def _ids(seed: Random) -> list[str]:
    def encoded(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    return [
        encoded("A:"),
        encoded("A:not-a-uuid"),
        encoded("ZZ:01a210bb-33e3-7a73-bc56-211a722cd034"),
        encoded("C:01a210bb-33e3-7a73-bc56-211a722cd034"),
        encoded("A:01a210bb-33e3-7a73-bc56-211a722cd034\n"),
        encoded("A:01a210bb-33e3-7a73-bc56-211a722cd034'--"),
        encoded("A" * 3000),
        "=" * 50,
        "%%%",
        "".join(chr(seed.randrange(33, 127)) for _ in range(60)),
    ]


def _references(seed: Random) -> list[Case]:
    odd: list[Any] = [
        {},
        {"__typename": "NoSuchType", "id": "1"},
        {"__typename": "Query"},
        {"__typename": "Citizen"},
        {"__typename": "Citizen", "id": None},
        {"__typename": "Citizen", "id": {"a": 1}},
        {"__typename": "Citizen", "id": "x" * 9000},
        {"__typename": 1, "id": "1"},
        {"__typename": ["Citizen"], "id": "1"},
        {"__typename": "Application", "number": CANARY},
        {"__typename": "Application", "number": [1]},
        {"__typename": "__Schema", "id": "1"},
        {"id": "1"},
    ]
    return [
        *(graphql(f"reference {json.dumps(each)[:40]}", ENTITIES, {"r": [each]}) for each in odd),
        graphql("all references at once", ENTITIES, {"r": odd}),
        graphql("many references", ENTITIES, {"r": [odd[1]] * seed.randrange(500, 1200)}),
        graphql("references that are none", ENTITIES, {"r": [1, "a", None, []]}),
        graphql("no references", ENTITIES, {"r": []}),
    ]


def _writes(seed: Random) -> list[Case]:
    odd = _odd(seed)
    form = {"idempotencyKey": "hostile", "serviceCode": "ES01", "district": "x", "form": []}
    return [
        *(graphql(f"input {str(value)[:20]}", SUBMIT, {"input": value}) for value in odd),
        *(graphql(f"key {str(value)[:20]}", SUBMIT, {"input": form | {"idempotencyKey": value}}) for value in odd),
        graphql("input of another key", SUBMIT, {"input": form}, b"Idempotency-Key: other"),
    ]


def _identities(seed: Random) -> list[Case]:
    def jwt(header: Any, claims: Any, signature: bytes = b"x" * 64) -> str:
        parts = [json.dumps(part).encode() for part in (header, claims)] + [signature]
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    claims = {"iss": "http://127.0.0.1", "sub": "1", "sid": "1", "kind": "OFFICER", "exp": 4102444800, "iat": 1}
    es256 = {"alg": "ES256", "typ": "at+jwt", "kid": "1"}
    tokens = [
        "",
        "x",
        ".",
        "..",
        "a.b.c",
        "....." * 50,
        "x" * seed.randrange(4097, 20_000),
        jwt({"alg": "none"}, claims, b""),
        jwt(es256 | {"alg": "none"}, claims, b""),
        jwt(es256 | {"alg": "HS256"}, claims),
        jwt(es256 | {"alg": "RS256"}, claims),
        jwt(es256, claims),
        jwt(es256 | {"jwk": {"kty": "oct", "k": "AA"}}, claims),
        jwt(es256 | {"jku": "http://127.0.0.1:9/jwks"}, claims),
        jwt(es256 | {"x5u": "http://127.0.0.1:9/cert"}, claims),
        jwt(es256 | {"crit": ["b64"], "b64": False}, claims),
        jwt(es256 | {"kid": "../../etc/passwd"}, claims),
        jwt(es256 | {"kid": ["1"]}, claims),
        jwt(es256 | {"typ": "JWT"}, claims),
        jwt([], claims),
        jwt(es256, []),
        jwt(es256, claims | {"exp": "soon"}),
        jwt(es256, claims, b""),
    ]
    query = json.dumps({"query": "{ viewer { __typename } }"}).encode()
    headers = [b"Bearer " + token.encode() for token in tokens]
    headers += [b"Basic YTpi", b"bearer", b"Bearer  ", b"Digest a=b", b"Bearer a b", b"Bearer \xff\xfe", b"\x80" * 300]
    cookies = [b"apuni_session=" + token.encode() for token in tokens[:12]] + [b"apuni_session=a; " * 300, b"=;=;\xff"]
    return [
        *(_sent(f"token {number}", query, b"Authorization: " + each) for number, each in enumerate(headers)),
        *(
            _sent(f"cookie {number}", query, b"Cookie: " + each, b"Sec-Fetch-Site: same-origin")
            for number, each in enumerate(cookies)
        ),
        *(Case(f"citizen's token {name}", _changed(change, query)) for name, change in _CHANGES.items()),
    ]


def _sent(name: str, body: bytes, *headers: bytes) -> Case:
    return Case(name, lambda target: target.exchange(request(b"POST", b"/graphql", body, *headers)), may_close=True)


_CHANGES: dict[str, Any] = {
    "cut": lambda token: token[:-10],
    "longer": lambda token: token + "A",
    "with another signature": lambda token: token.rsplit(".", 1)[0] + "." + "A" * 86,
    "without a signature": lambda token: token.rsplit(".", 1)[0] + ".",
    "of an officer": lambda token: token.split(".")[0] + "." + _officer(token) + "." + token.split(".")[2],
    "twice": lambda token: token + " " + token,
}


def _officer(token: str) -> str:
    middle = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return base64.urlsafe_b64encode(json.dumps(claims | {"kind": "OFFICER"}).encode()).decode().rstrip("=")


def _changed(change: Any, body: bytes) -> Any:
    async def send(target: Target) -> Outcome:
        header = b"Authorization: Bearer " + change(target.citizen).encode()
        outcome = await target.exchange(request(b"POST", b"/graphql", body, header))
        assert outcome.status == 401, "a token that was changed was taken"
        return outcome

    return send
