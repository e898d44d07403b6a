"""The page loads nothing from elsewhere, and its data cannot break out of their place."""

import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from gateway.graphiql.page import STATIC, GraphiQL, examples


@pytest.fixture
def operations(tmp_path: Path) -> Path:
    (tmp_path / "b_second.graphql").write_text("query Second { b }", encoding="utf-8")
    (tmp_path / "a_first.graphql").write_text('# </script><script>alert("x")</script>\nquery { a }', encoding="utf-8")
    (tmp_path / "a_first.variables.json").write_text('{"name": "आशा"}', encoding="utf-8")
    return tmp_path


SUBJECTS = {"citizen": ["a_first"], "officer": ["b_second"]}


@pytest.fixture
async def client(operations: Path) -> AsyncIterator[httpx.AsyncClient]:
    graphiql = GraphiQL(operations)
    app = Starlette(routes=[Route("/graphql", graphiql.page), *graphiql.routes()])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as opened:
        yield opened


async def test_the_page_has_a_strict_policy_and_is_not_kept(client: httpx.AsyncClient):
    response = await client.get("/graphql")

    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_the_page_names_no_address_of_another_origin_and_no_inline_script(client: httpx.AsyncClient):
    page = (await client.get("/graphql")).text

    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert addresses
    assert all(address.startswith(("/", "data:")) for address in addresses)
    assert all("src=" in tag or 'type="application/json"' in tag for tag in re.findall(r"<script[^>]*>", page))
    assert " on" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL).replace(" content", "")


async def test_the_examples_are_tabs_and_cannot_end_the_script(client: httpx.AsyncClient):
    page = (await client.get("/graphql")).text

    found = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    assert [tab["query"].splitlines()[-1] for tab in data["tabs"]] == ["query { a }", "query Second { b }"]
    assert data["tabs"][0]["variables"] == {"name": "आशा"}
    assert data["tabs"][1]["variables"] is None
    assert "alert" in data["tabs"][0]["query"]


def tabs_of(page: str) -> list[str]:
    found = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return [tab["query"].splitlines()[-1] for tab in json.loads(found[1])["tabs"]]


async def test_the_tabs_are_those_of_the_subject_that_the_address_names(client: httpx.AsyncClient, operations: Path):
    (operations / "tabs.json").write_text(json.dumps(SUBJECTS), encoding="utf-8")

    first, second = (await client.get("/graphql")).text, (await client.get("/graphql?subject=officer")).text

    assert tabs_of(first) == ["query { a }"]
    assert tabs_of(second) == ["query Second { b }"]
    assert 'subject=officer" aria-current="page"' in second


@pytest.mark.parametrize(("language", "words"), [("hi", "साइन इन"), ("en", "Sign in")])
async def test_the_bar_is_in_the_readers_language_and_the_interface_says_that_it_is_english(
    client: httpx.AsyncClient, language: str, words: str
):
    page = (await client.get("/graphql", headers={"Accept-Language": language})).text

    assert '<html lang="en">' in page
    assert f'<header class="bar" lang="{language}">' in page
    assert f">{words}</a>" in page
    assert f'"Accept-Language": "{language}"' in page


@pytest.mark.parametrize("demo", [True, False])
async def test_only_the_demo_offers_to_be_another_person(operations: Path, demo: bool):
    app = Starlette(routes=[Route("/graphql", GraphiQL(operations, demo=demo).page)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as client:
        page = (await client.get("/graphql")).text

    assert ("/sign-in/start/parichay?return_to=" in page) is demo


async def test_examples_are_read_anew_for_each_view(client: httpx.AsyncClient, operations: Path):
    (operations / "c.graphql").write_text("query Third { c }", encoding="utf-8")

    assert "Third" in (await client.get("/graphql")).text


async def asset(client: httpx.AsyncClient, name: str, **headers: str) -> httpx.Response:
    page = (await client.get("/graphql")).text
    base = re.search(r'href="(/graphql/assets/[0-9a-f]{16})/', page)
    assert base is not None
    return await client.get(f"{base[1]}/{name}", headers=headers)


async def test_a_file_is_sent_as_it_is_stored_and_may_be_kept_for_ever(client: httpx.AsyncClient):
    response = await asset(client, "graphiql.js", **{"Accept-Encoding": "br, gzip;q=0.8"})

    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-length"] == str((STATIC / "graphiql.js.gz").stat().st_size)
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("coding", ["identity", "br", "gzip;q=0"])
async def test_a_client_without_gzip_gets_the_plain_file(client: httpx.AsyncClient, coding: str):
    response = await asset(client, "graphiql.css", **{"Accept-Encoding": coding})

    assert "content-encoding" not in response.headers
    assert response.content == gzip.decompress((STATIC / "graphiql.css.gz").read_bytes())


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fpage.py", "graphiql.js.gz", "%00"])
async def test_there_are_no_other_files(client: httpx.AsyncClient, name: str):
    assert (await asset(client, name)).status_code == 404


def test_every_file_is_stored_compressed_only_with_its_licences():
    names = {path.name for path in STATIC.iterdir()}

    assert all(name.endswith(".gz") for name in names)
    workers = {"json.worker.js.gz", "graphql.worker.js.gz", "editor.worker.js.gz"}
    texts = {"graphiql.js.LEGAL.txt.gz", "graphiql.css.LEGAL.txt.gz", "noto-sans-devanagari.LICENSE.txt.gz"}
    assert workers | texts <= names


def test_the_npm_lock_names_no_address():
    build = STATIC.with_name("build")
    lock = (build / "package-lock.json").read_text(encoding="utf-8")

    assert "http" not in lock
    assert (build / ".npmrc").read_text().splitlines() == [
        "omit-lockfile-registry-resolved=true",
        "ignore-scripts=true",
    ]


def test_the_repository_shows_a_few_operations_of_each_subject_each_with_its_fragments():
    subjects = examples()

    shown = [example for tabs in subjects.values() for example in tabs]
    assert all(2 <= len(tabs) <= 6 for tabs in subjects.values())
    assert shown[0].query.startswith("# Home:")
    for example in shown:
        assert set(re.findall(r"\.\.\.(\w+)", example.query)) <= {"on", *re.findall(r"fragment (\w+)", example.query)}
