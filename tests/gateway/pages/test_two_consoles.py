"""Two gateway processes over one PostgreSQL: their consoles show the same rows, and what one does the other shows."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import html

from domain.kernel import Bilingual, Officer, PersonKind, Posting, Role, Subject, SystemClock
from store.database import FieldCipher, Keyrings, Store
from store.identity import people
from store.platform import outbox
from tests.gateway.pages.test_console import PLACE, TEXTS
from tests.gateway.pages.test_site import form_of
from tests.support.caches import ValkeyServer
from tests.support.databases import run_apart
from tests.support.eventually import eventually
from tests.support.gateway_process import a_token
from tests.support.graph import Down, environment
from tests.support.production import PUBLIC_URL, Production, beside, production

pytestmark = [pytest.mark.integration, pytest.mark.long]

ADMIN = "01930000-0000-7000-8000-000000000399"
SECONDS = 60


async def _prepared(url: str, home: Path) -> str:
    """The token of an administrator; beside her there is one message that was given up."""
    keyrings, clock = Keyrings(home / "keys"), SystemClock()
    store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
    posting = Posting(Role.ADMIN)
    one = Officer(
        ADMIN, Bilingual(None, "Abha"), Bilingual(None, "Administrator"), "console@officer.example", (posting,)
    )
    try:
        async with store.write_transaction() as tx:
            await people.add_officer(tx, one)
            await outbox.add(tx, "locker.push", "1", {"certificate_id": "c1"})
            for message in await outbox.claim(tx, "w", 10, 30):
                await outbox.record_failure(tx, message.id, clock.now(), "HTTP_503", final=True)
        admin = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, ADMIN, (posting,))
        env = environment(store, keyrings, clock, home / "objects", Down())
        return await a_token(replace(env, public_url=PUBLIC_URL), admin)
    finally:
        await store.close()


@pytest.fixture(scope="module")
def gateways(
    postgres_server: Any, valkey_server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Production, Production, str]]:
    """Both processes, which share a cache, and the administrator's token."""
    home = tmp_path_factory.mktemp("two") / "home"
    with production(postgres_server, home, APUNI_CACHE_URL=valkey_server.url()) as first, beside(first) as second:
        yield first, second, run_apart(_prepared, first.settings["APUNI_DATABASE_URL"], home)


def browser(gateway: Production, token: str) -> httpx.Client:
    client = gateway.client()
    client.cookies.set("__Host-apuni_session", token)
    client.headers.update({"accept": "text/html", "accept-language": "en", "sec-fetch-site": "same-origin"})
    return client


def page_of(client: httpx.Client) -> str:
    answer = client.get(PLACE)
    assert answer.status_code == 200, answer.text
    return answer.text


def rows_of(page: str) -> list[str]:
    """Every row and line of the console, without what is another one for each page that is drawn."""
    whole = html.fromstring(re.sub(r'value="\w+-[0-9a-f-]{36}"', "", page))
    return [" ".join(one.text_content().split()) for one in whole.cssselect("main tr, main li, main dd")]


def test_both_show_the_same_rows_and_each_what_the_other_did(gateways: tuple[Production, Production, str]):
    first, second, token = gateways
    with browser(first, token) as one, browser(second, token) as other:

        def both() -> tuple[list[str], list[str]]:
            return rows_of(page_of(one)), rows_of(page_of(other))

        def agree(seen: tuple[list[str], list[str]]) -> bool:
            """Both processes have reported, and no heartbeat came between the two looks."""
            return seen[0] == seen[1] and sum("Runs" in row for row in seen[0]) == 2

        [shown, _] = eventually(both, agree, seconds=SECONDS, every=1)
        assert [row for row in shown if "locker.push" in row and "HTTP_503" in row]

        fields = form_of(page_of(one), "RetryStaffMessages") | {"input.topic": "locker.push", "input.reason": "Back."}
        assert one.post(PLACE, data=fields).status_code == 303
        fields = form_of(page_of(other), "ReportStaffIncident") | {f"input.{name}": TEXTS[name] for name in TEXTS}
        assert other.post(PLACE, data=fields).status_code == 303

        [shown, same] = eventually(both, agree, seconds=SECONDS, every=1)
    assert shown == same
    assert [row for row in shown if "HTTP_503" in row and "locker.push" in row] == []
    assert [row for row in shown if "title En" in row]
