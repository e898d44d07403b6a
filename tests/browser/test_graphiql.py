"""GraphiQL in a real browser: it runs, Hindi is drawn, and nothing is asked of another origin."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


class Watched:
    """A page with every address it asked for and every complaint it made."""

    def __init__(self, context: BrowserContext) -> None:
        self.addresses: list[str] = []
        self.complaints: list[str] = []
        self.page = context.pages[0] if context.pages else context.new_page()
        context.on("request", lambda request: self.addresses.append(request.url))
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def strangers(self, origin: str) -> list[str]:
        return [address for address in self.addresses if not address.startswith((origin, "data:", "blob:"))]


@pytest.fixture
def watched(browser: BrowserContext) -> Watched:
    return Watched(browser)


def run_query(page: Page) -> None:
    button = page.locator("button.graphiql-execute-button")
    expect(button).to_be_enabled(timeout=30_000)
    button.click()


def is_drawn_with_our_font(page: Page) -> bool:
    """Whether the browser loaded a Devanagari face; without one it draws boxes on a machine without such fonts."""
    faces = "Array.from(document.fonts).filter(f => f.family.includes('Devanagari') && f.status === 'loaded').length"
    return int(page.evaluate(faces)) > 0


def keep_picture(page: Page, folder: Path) -> None:
    page.screenshot(path=folder / "graphiql.png")


def test_a_query_is_run_and_its_hindi_answer_drawn(small_gateway: str, watched: Watched, tmp_path: Path):
    page = watched.page
    page.goto(f"{small_gateway}/graphql")

    run_query(page)

    answer = page.locator(".graphiql-response")
    expect(answer).to_contain_text("नमस्ते गढ़वाल", timeout=30_000)
    expect(page.locator(".graphiql-query-editor")).to_contain_text("query Hello")
    expect(page.locator("header.bar h1")).to_contain_text("GraphiQL")
    assert is_drawn_with_our_font(page)
    assert watched.strangers(small_gateway) == []
    assert watched.complaints == []
    keep_picture(page, tmp_path)


def test_the_editor_knows_the_schema_from_its_worker(small_gateway: str, watched: Watched):
    page = watched.page
    page.goto(f"{small_gateway}/graphql")
    editor = page.locator(".graphiql-query-editor .monaco-editor").first
    expect(editor).to_be_visible(timeout=30_000)

    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("{ nothing }")

    expect(page.locator(".graphiql-query-editor .squiggly-error").first).to_be_visible(timeout=30_000)
    assert any(address.endswith("/graphql.worker.js") for address in watched.addresses)
    assert watched.strangers(small_gateway) == []


def test_nothing_is_kept_after_the_tab_is_closed(small_gateway: str, watched: Watched):
    page = watched.page
    page.goto(f"{small_gateway}/graphql")
    run_query(page)
    expect(page.locator(".graphiql-response")).to_contain_text("नमस्ते", timeout=30_000)

    assert page.evaluate("Object.keys(localStorage).length") == 0
