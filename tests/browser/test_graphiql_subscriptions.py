"""Subscriptions in GraphiQL: events come one by one, and stopping frees the server."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, expect

from gateway.graphiql.page import GraphiQL
from tests.support.running import free_port
from tests.support.streams import SmallHouse, small_house

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, SmallHouse]]:
    (tmp_path / "forever.graphql").write_text("subscription Forever { forever { number } }", encoding="utf-8")
    graphiql = GraphiQL(tmp_path)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    house = small_house(page=graphiql.page, origin=url)
    house.app.router.routes.extend(graphiql.routes())
    server = uvicorn.Server(uvicorn.Config(house.app, port=port, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive()
    yield url, house
    server.should_exit = True
    thread.join(10)


def test_events_come_one_by_one_until_they_are_stopped(served, browser: BrowserContext):
    url, house = served
    page = browser.pages[0] if browser.pages else browser.new_page()
    page.goto(f"{url}/graphql")
    button, answer = page.locator("button.graphiql-execute-button"), page.locator(".graphiql-response")
    expect(button).to_be_enabled(timeout=30_000)
    button.click()
    expect(answer).to_contain_text('"number": 0', timeout=30_000)
    house.small.loop.call_soon_threadsafe(house.small.went_on.set)
    expect(answer).to_contain_text('"number": 1', timeout=30_000)
    assert house.small.running == 1
    button.click()
    for _ in range(300):
        if house.small.running == 0:
            return
        time.sleep(0.1)
    raise AssertionError("the subscription goes on")
