"""Request ids, deadlines, sessions by header and by cookie, and the headers of answers."""

import httpx
import pytest
from starlette.datastructures import Headers

from gateway.http.headers import is_router

ORIGIN = "http://gateway.test"
GOOD_TOKEN = "good-token"

MODERN = {"Accept": "application/graphql-response+json"}


async def ask(client: httpx.AsyncClient, query: str = "{ who }", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/graphql", json={"query": query}, headers={**MODERN, **named})


async def test_every_answer_carries_the_safe_headers(client: httpx.AsyncClient):
    for response in (await ask(client), await client.put("/graphql"), await client.post("/graphql", content=b"x")):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert {"Accept", "Accept-Language", "Authorization"} <= set(response.headers["vary"].split(", "))
        assert response.headers["content-language"] == "hi"
        assert len(response.headers["x-request-id"]) >= 8


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("trace-0123456789", True),
        ("01a210bb-33e3-7a73-bc56-211a722cd034", True),
        ("01a210bb-33e3-7a73-bc56-999941057058", False),
        ("short", False),
        ("aadhaar-999941057058", False),
        ("999.941.057.058", False),
        ("ABCDE1234F-1", False),
        ("eyJhbGciOiJub25lIn0.e30.x", False),
        ("x" * 65, False),
        ("evil\tvalue-here", False),
        ("<script>alert(1)", False),
    ],
)
async def test_a_harmless_request_id_is_taken_over(client: httpx.AsyncClient, given: str, kept: bool):
    response = await ask(client, "{ broken }", X_Request_Id=given)

    told = response.headers["x-request-id"]
    assert (told == given) is kept
    assert response.json()["errors"][0]["extensions"]["requestId"] == told


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, 8), ("5000", 5), ("60000", 8), ("nonsense", 8), ("-1", 8), ("9" * 30, 8), ("٣", 8)]
)
async def test_the_deadline_is_the_callers_but_never_more_than_eight_seconds(
    client: httpx.AsyncClient, given: str | None, seconds: int
):
    headers = {"X-Deadline-Ms": given.encode()} if given else {}

    response = await client.post("/graphql", json={"query": "{ seconds }"}, headers={**MODERN, **headers})

    assert response.json()["data"]["seconds"] in (seconds, seconds - 1)


async def test_a_mutation_may_take_fifteen_seconds(client: httpx.AsyncClient):
    response = await ask(client, "mutation { write }", X_Deadline_Ms="60000")

    assert response.json()["data"]["write"] in (14, 15)


async def test_a_replayed_answer_says_so(client: httpx.AsyncClient):
    assert (await ask(client, "mutation { write }")).headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in (await ask(client)).headers


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_an_idempotency_key_has_1_to_255_characters(client: httpx.AsyncClient, key: str):
    response = await ask(client, Idempotency_Key=key)

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["detail"] == "IDEMPOTENCY_KEY"


async def test_without_a_token_the_caller_is_nobody(client: httpx.AsyncClient):
    assert (await ask(client)).json() == {"data": {"who": None}}


async def test_a_bearer_token_is_handed_on(client: httpx.AsyncClient):
    response = await ask(client, Authorization=f"bearer {GOOD_TOKEN}")

    assert response.json() == {"data": {"who": GOOD_TOKEN}}


@pytest.mark.parametrize("header", ["Bearer bad-token", "Bearer ", "Basic dTpw", "Bearer a b", "Bearer \x7f", ""])
async def test_a_token_that_does_not_hold_is_401_with_a_code(client: httpx.AsyncClient, header: str):
    response = await ask(client, Authorization=header)

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert response.json()["errors"][0]["extensions"]["action"] == "SIGN_IN_AGAIN"
    assert "data" not in response.json()


COOKIE = f"theme=dark; apuni_session={GOOD_TOKEN}"


@pytest.mark.parametrize(
    ("headers", "who"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, GOOD_TOKEN),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:1"}, GOOD_TOKEN),
        ({"Origin": ORIGIN}, GOOD_TOKEN),
        ({}, None),
        ({"Origin": "https://evil.test"}, None),
        ({"Origin": "null"}, None),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, None),
        ({"Sec-Fetch-Site": "same-site", "Origin": ORIGIN}, None),
        ({"Sec-Fetch-Site": "none"}, None),
    ],
)
async def test_the_cookie_counts_only_for_pages_of_our_own_origin(
    client: httpx.AsyncClient, headers: dict[str, str], who: str | None
):
    response = await client.post("/graphql", json={"query": "{ who }"}, headers={**MODERN, "Cookie": COOKIE, **headers})

    assert response.json() == {"data": {"who": who}}


async def test_the_cookie_does_not_count_for_get(client: httpx.AsyncClient):
    headers = {**MODERN, "Cookie": COOKIE, "Sec-Fetch-Site": "same-origin"}

    response = await client.get("/graphql", params={"query": "{ who }"}, headers=headers)

    assert response.json() == {"data": {"who": None}}


async def test_a_header_goes_before_the_cookie(client: httpx.AsyncClient):
    response = await ask(client, Authorization="Bearer bad", Cookie=COOKIE, Sec_Fetch_Site="same-origin")

    assert response.status_code == 401


SECRET = "s" * 32


@pytest.mark.parametrize(
    ("given", "secret", "proved"),
    [
        (SECRET, SECRET, True),
        (SECRET, None, False),
        (SECRET, "", False),
        (None, SECRET, False),
        ("", SECRET, False),
        ("", None, False),
        (SECRET[:-1], SECRET, False),
        (SECRET + "s", SECRET, False),
        ("ß" * 32, SECRET, False),
    ],
)
def test_a_router_proves_itself_by_the_whole_secret(given: str | None, secret: str | None, proved: bool):
    headers = Headers({} if given is None else {"X-Router-Secret": given})

    assert is_router(headers, secret) is proved
