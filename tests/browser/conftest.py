"""Debian's Chromium without a screen, and a small gateway for it to open."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import strawberry
import uvicorn
from graphql import GraphQLError
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.types import ExecutionContext

from domain.kernel import Language, SystemClock, SystemIds, language_from_header
from gateway.graphiql.page import GraphiQL
from gateway.graphql.endpoint import Edge, GraphQLEndpoint, RequestFacts
from schema.kernel.errors import replace_errors

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL_SECONDS = 600


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser of the system's packages; installed where it is missing and this process may."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or _installed()
    if found:
        return found
    reason = "Chromium is missing, and this process may not install it (Debian: apt-get install chromium)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _installed() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # apt-get refuses to run twice, and two processes of pytest-xdist come here at once.
    with (Path(tempfile.gettempdir()) / "apuni-tests-install-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if found := shutil.which("chromium"):
            return found
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            done = subprocess.run(command, check=False, capture_output=True, timeout=INSTALL_SECONDS, env=environment)
            if done.returncode != 0:
                return None
        return shutil.which("chromium")


@pytest.fixture(scope="module")
def started(chromium: str) -> Iterator[Browser]:
    """The browser of a module. No longer than that: Playwright keeps a loop running in this thread meanwhile."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS), headless=True)
        yield started
        started.close()


@pytest.fixture
def browser(started: Browser) -> Iterator[BrowserContext]:
    """A browser with an empty profile and an empty page that speaks Hindi."""
    context = started.new_context(locale="hi-IN", viewport={"width": 1440, "height": 900})
    context.new_page()
    yield context
    context.close()


@strawberry.type
class Citizen:
    name: str


@strawberry.type
class Officer:
    name: str
    designation: str


@strawberry.type
class Operator:
    name: str
    centre: str


@strawberry.type
class Query:
    @strawberry.field
    def viewer(self) -> Citizen | Officer | Operator | None:
        return None

    @strawberry.field
    def hello(self, name: str = "उत्तराखण्ड") -> str:
        return f"नमस्ते {name}"


class Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        replace_errors(errors, Language.HI, None)


class Context:
    def __init__(self, facts: RequestFacts) -> None:
        self.language = language_from_header(facts.accept_language)


async def make_context(facts: RequestFacts) -> Context:
    return Context(facts)


@pytest.fixture
def small_gateway(tmp_path: Path) -> Iterator[str]:
    """GraphiQL before a graph of one field, on a free port of this machine."""
    (tmp_path / "hello.graphql").write_text("query Hello($name: String!) { hello(name: $name) }", encoding="utf-8")
    (tmp_path / "hello.variables.json").write_text('{"name": "गढ़वाल"}', encoding="utf-8")
    clock = SystemClock()
    graphiql = GraphiQL(tmp_path)
    edge = Edge(clock, SystemIds(clock), introspection=True, page=graphiql.page)
    endpoint = GraphQLEndpoint(Schema(Query), make_context, edge)
    app = Starlette(routes=[Route("/graphql", endpoint), *graphiql.routes()])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
