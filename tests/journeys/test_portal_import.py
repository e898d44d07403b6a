"""The catalogue from the portal's own address while everything runs: looked at, taken over, twice; and bad answers."""

import csv
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from gateway.runtime import runfiles
from states.packages import state_folder
from tests.support.eventually import eventually
from tests.support.forked import apuni_forked
from tests.support.running import Running

DATA = state_folder()
INCOME, DOMICILE = "ES09", "ES01"
ELSEWHERE = "http://127.0.0.1:9/api/service"


def apuni(running: Running, *words: str) -> subprocess.CompletedProcess[str]:
    place = {"APUNI_HOME": str(running.home), "APUNI_PORT": running.url.rsplit(":", 1)[1]}
    return apuni_forked(words, {**os.environ, **place}, seconds=60)


def imported(running: Running, *words: str) -> subprocess.CompletedProcess[str]:
    return apuni(running, "catalogue", "import", *words)


def fee(running: Running, code: str) -> int:
    """In paise, as the gateway that runs tells everybody."""
    found: int = running.data("query ($code: String!) { service(by: {code: $code}) { fee } }", {"code": code})[
        "service"
    ]["fee"]
    return found


@pytest.fixture
def portal(running: Running) -> Iterator[str]:
    """The address of the portal's API; afterwards its records and our catalogue are as before."""
    before = fee(running, INCOME)
    yield f"http://127.0.0.1:{runfiles.ports(running.home)['proxies']['portal']}/portal/api/service"
    for code in (INCOME, DOMICILE):
        running.act("portal", "change", id=code, charge=40)
    assert imported(running, str(DATA)).returncode == 0
    eventually(lambda: fee(running, INCOME), lambda paise: paise == before)  # another process imported it


def test_what_the_portal_says_is_looked_at_and_taken_over_once(running: Running, portal: str, tmp_path: Path):
    rejects = tmp_path / "rejects.csv"
    before = fee(running, INCOME)
    running.act("portal", "change", id=INCOME, charge=55)
    running.act("portal", "change", id=DOMICILE, charge="much")

    looked = imported(running, portal, "--dry-run", "--json", "--rejects", str(rejects))
    told = json.loads(looked.stdout)
    assert (looked.returncode, told["dryRun"], told["added"]) == (2, True, [])
    [change] = [one for one in told["changed"] if one["key"] == INCOME]
    assert change["fields"]["fee_paise"] == {"from": before, "to": 5500}
    with rejects.open(encoding="utf-8", newline="") as lines:
        [row] = csv.DictReader(lines)
    assert (row["key"], row["field"], row["reason"]) == (DOMICILE, "charge", "NOT_AN_AMOUNT")
    assert fee(running, INCOME) == before

    taken = imported(running, portal)
    assert (taken.returncode, "fee_paise: 4000 -> 5500" in taken.stdout) == (2, True)
    eventually(lambda: fee(running, INCOME), lambda paise: paise == 5500)  # another process imported it
    assert fee(running, DOMICILE) == before
    again = imported(running, portal)
    assert (again.returncode, "0 added, 0 changed" in again.stdout) == (2, True)


class BadPortal(BaseHTTPRequestHandler):
    """Answers badly, as the path says."""

    def do_GET(self) -> None:
        kind = self.path.strip("/")
        body = {
            "page": b"<!doctype html><title>Sign in</title>",
            "large": b"[" + b" " * 20_000_001 + b"]",
        }.get(kind, b'[{"id": "ES09", "nameEnglish": "Income')
        self.send_response(302 if kind == "moved" else 200)
        self.send_header("Content-Type", "text/html" if kind == "page" else "application/json")
        self.send_header("Location", ELSEWHERE)
        self.send_header("Content-Length", str(len(body) + (1000 if kind == "cut" else 0)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def bad_portal() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BadPortal)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_portal_that_answers_badly_changes_nothing_and_says_how_in_one_line(running: Running):
    expected = {
        "page": "html_page",
        "large": "body_too_large",
        "cut": "connection_lost",
        "moved": "redirected",
        "short": "not_json",
    }
    before = fee(running, INCOME)
    with bad_portal() as address:
        done = {kind: imported(running, f"{address}/{kind}") for kind in expected}
    said = {kind: [line for line in one.stderr.splitlines() if line[:1] != "{"][-1] for kind, one in done.items()}
    assert said == {kind: f"apuni: the portal did not give its catalogue ({code})" for kind, code in expected.items()}
    assert {one.returncode for one in done.values()} == {1}
    assert fee(running, INCOME) == before
