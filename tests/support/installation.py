"""A staging installation with the processes that docs/new-state.md names, and a browser without scripts."""

import os
import re
import signal
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
from lxml import html

from tests.support.eventually import eventually

ROOT = Path(__file__).parents[2]
PORTAL = "https://apuni.example"
PATIENCE = 600
"""Seconds for a process to be up, or a command to end, on a machine that is full."""


class Proxy(httpx.BaseTransport):
    """What is sent to the portal's address goes to `place`: a gateway, for want of a proxy, or a proxy with TLS."""

    def __init__(self, place: str, trust: ssl.SSLContext | bool = True) -> None:
        self._place, self._line = httpx.URL(place), httpx.HTTPTransport(verify=trust)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not str(request.url).startswith(PORTAL):
            return self._line.handle_request(request)
        url = self._place.copy_with(raw_path=request.url.raw_path)
        named = {**request.extensions, "sni_hostname": request.url.host}
        return self._line.handle_request(
            httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=named)
        )

    def close(self) -> None:
        self._line.close()


class Installation:
    """The settings of the document, and what runs under them."""

    def __init__(self, told: dict[str, str], folder: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("APUNI_")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment, self.folder, self.port = {**kept, **told, "PATH": path}, folder, int(told["APUNI_PORT"])
        self.processes: list[subprocess.Popen[bytes]] = []

    def run(self, block: str) -> str:
        """Run a block of the document in a folder that holds nothing but the states of the project; what it printed."""
        script = f"set -euo pipefail\n{block}"
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def start(self, command: str) -> None:
        """Start a process of the document."""
        with (self.folder / f"{command}.log").open("wb") as log:
            started = subprocess.Popen(
                ["apuni", command], cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )
        self.processes.append(started)

    def wait_for_sandboxes(self) -> None:
        """Until the sandboxes have told their ports."""
        ports = Path(self.environment["APUNI_HOME"]) / "run" / "ports.json"
        eventually(ports.exists, bool, seconds=PATIENCE)

    def wait(self) -> None:
        """Until the gateway is ready."""
        with self.browser() as browser:

            def look() -> tuple[bool, str]:
                """Whether it is, and the end of its log."""
                is_ready = False
                with suppress(httpx.HTTPError):
                    is_ready = browser.client.get(f"{PORTAL}/health/ready").status_code == 200
                return is_ready, (self.folder / "serve.log").read_text("utf-8", "replace")[-3000:]

            eventually(look, lambda seen: seen[0], seconds=PATIENCE)

    def browser(self, language: str = "en") -> "Browser":
        """A new browser of nobody, in a language."""
        return Browser(Proxy(f"http://127.0.0.1:{self.port}"), language)

    def stop(self) -> None:
        """Stop the processes, the last one first."""
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


class Browser:
    """A browser without scripts: it follows links, sends forms as they are drawn, and signs in at the sandboxes."""

    def __init__(self, line: httpx.BaseTransport, language: str = "en") -> None:
        headers = {"accept": "text/html", "accept-language": language, "sec-fetch-site": "same-origin"}
        self.client = httpx.Client(
            transport=line, base_url=PORTAL, headers=headers, follow_redirects=True, timeout=PATIENCE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.client.close()

    def open(self, address: str) -> httpx.Response:
        page = self.client.get(address)
        assert page.status_code == 200, f"{page.url}: {page.status_code}\n{page.text}"
        return page

    def sign_in(self, address: str, person: str) -> httpx.Response:
        """Open an address of ours that leads to a provider, choose a person there, and come back."""
        page = self.open(address)
        (form,) = [one for one in html.fromstring(page.text).forms if "request" in one.fields]
        chosen = {"request": form.fields["request"], "person": person, "decision": "allow"}
        return self.client.post(page.url.join(str(form.action)), data=chosen)

    def send(self, address: str, mutation: str, **filled: str) -> httpx.Response:
        """Fill in the form of a page that posts to a mutation, and press its button."""
        page = self.open(address)
        for form in html.fromstring(page.text).forms:
            fields = {name: value for name, value in form.form_values() if isinstance(value, str)}
            if mutation in {fields.get("_form"), *(one.get("value") for one in form.cssselect("button[name=_form]"))}:
                sent = self.client.post(str(page.url), data={**fields, **filled, "_form": mutation})
                assert sent.status_code == 200, sent.text
                return sent
        raise AssertionError(f"{address}: no form posts to {mutation}")


def link_on(page: str) -> str:
    """The one-time link that a page or a command shows."""
    (found,) = set(re.findall(rf"{PORTAL}/sign-in/start/parichay\?invitation=[\w-]+", page))
    return str(found)


def until(browser: Browser, address: str, text: str) -> str:
    """The page once it says so: the worker has been there."""
    # Once a second, since each look counts towards the rate limit of who looks.
    return eventually(lambda: browser.open(address).text, lambda page: text in page, seconds=PATIENCE, every=1)
