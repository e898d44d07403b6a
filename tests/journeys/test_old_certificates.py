"""A certificate of a former system, imported while everything runs: tracked, verified, claimed and pulled."""

import hashlib
import json
import os
import secrets
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.test_sign_on import code_in
from tests.support.eventually import eventually
from tests.support.files import pdf
from tests.support.forked import apuni_forked
from tests.support.operations import operation
from tests.support.running import Running
from tests.support.telephones import codes_to

PEOPLE = json.loads((Path(__file__).parents[2] / "demo" / "people.json").read_text(encoding="utf-8"))
PERSON = next(person for person in PEOPLE if person["key"] == "deepa-joshi")
ENDED = "2024-03-14"
"""The day on which the old steps ended; nobody else's fall on it."""

HERS = """{ viewer { ... on Citizen {
  applications(first: 100) { nodes { number status appeals { id } benefit { status } certificate { number uri } } }
  notifications(first: 50) { nodes { kind } } } } }"""
CLAIM = """mutation ($input: ClaimRecordInput!) { claimRecord(input: $input) {
  claim { id state } userErrors { code } } }"""
CONFIRM = """mutation ($input: ConfirmRecordClaimInput!) { confirmRecordClaim(input: $input) {
  claim { state } userErrors { code } } }"""


class Old:
    """A delivered application with its certificate, one that is late, and a pension that was paid for years."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running = running
        self.mark = secrets.token_hex(4).upper()
        self.certificate = f"OLD/{self.mark}/7"
        self.pdf = pdf(f"old certificate {self.mark}")
        (folder / "old.pdf").write_bytes(self.pdf)
        self.file = folder / "old.jsonl"
        self.file.write_text("".join(json.dumps(row) + "\n" for row in self.rows()), encoding="utf-8")

    def number(self, place: int) -> str:
        return f"UK-OLD/{self.mark}/{place}"

    def rows(self) -> list[dict[str, Any]]:
        late = (self.running.now() - timedelta(days=200)).isoformat()
        row = {
            "district": "49",
            "tehsil": "304",
            "channel": "E_DISTRICT",
            "name_en": PERSON["name_en"],
            "born_on": PERSON["dob"],
            "mobile": PERSON["mobile"],
            "applicant_id": f"P-{self.mark}",
            "submitted_at": "2024-03-01T10:00:00+05:30",
        }
        ended = {"outcome": "DELIVERED", "ended_at": f"{ENDED}T12:00:00+05:30", "officer": "Tehsildar"}
        paper = {
            "certificate_number": self.certificate,
            "issued_on": ENDED,
            "certificate_file": "old.pdf",
            "form": {"annual_income": "96000", "financial_year": "2023-24"},
        }
        return [
            row | ended | paper | {"legacy_number": self.number(1), "service": "ES09"},
            row | {"legacy_number": self.number(2), "service": "ES08", "outcome": "PENDING", "submitted_at": late},
            row | ended | {"legacy_number": self.number(3), "service": "ES90"},
        ]

    def imported(self, *words: str) -> subprocess.CompletedProcess[str]:
        place = {"APUNI_HOME": str(self.running.home), "APUNI_PORT": self.running.url.rsplit(":", 1)[1]}
        given = ("import-applications", str(self.file), "--certificates", str(self.file.parent), "--json", *words)
        return apuni_forked(given, {**os.environ, **place}, seconds=60)

    def pulled(self, number: str) -> dict[str, Any]:
        """What DigiLocker is given for a number, by a signed request at our door."""
        asked = {"person": PERSON["key"], "doctype": "INCER", "certificate_number": number, "format": "both"}
        return self.running.act("digilocker", "pull_uri", **asked)


@pytest.fixture
def old(running: Running, tmp_path: Path) -> Old:
    return Old(running, tmp_path)


def told_outside(running: Running) -> dict[str, Any]:
    """What came of it outside: texts to her telephone, and e-Taal's count of the old day."""
    return {
        "texts": codes_to(running, PERSON["mobile"]),
        "counted": running.act("etaal", "pull_counts", date=ENDED, transport="xml")["total"],
    }


def hers(running: Running, token: str) -> dict[str, Any]:
    seen: dict[str, Any] = running.data(HERS, token=token)["viewer"]
    return seen


def claimed(running: Running, token: str, number: str) -> None:
    """She claims what is under an old number, by the code that comes to the telephone on file."""
    before = len(codes_to(running, PERSON["mobile"]))
    given = {"number": number, "bornOn": PERSON["dob"], "way": "CODE", "idempotencyKey": f"claim-{number}"}
    asked = running.data(CLAIM, {"input": given}, token=token)["claimRecord"]
    assert asked["userErrors"] == []
    texts = eventually(lambda: codes_to(running, PERSON["mobile"]), lambda seen: len(seen) > before)
    entered = {
        "claimId": asked["claim"]["id"],
        "code": code_in(texts[0]),
        "idempotencyKey": f"confirm-{number}",
    }
    done = running.data(CONFIRM, {"input": entered}, token=token)["confirmRecordClaim"]
    assert (done["userErrors"], done["claim"]["state"]) == ([], "DONE")


def test_an_old_certificate_comes_into_the_locker_and_the_import_alone_tells_nobody(running: Running, old: Old):
    token = running.token("citizen", PERSON["key"])
    outside, before = told_outside(running), hers(running, token)

    assert json.loads(old.imported("--dry-run").stdout)["imported"] == 3
    assert json.loads(old.imported().stdout)["imported"] == 3
    again = json.loads(old.imported().stdout)

    assert (again["imported"], again["skipped"], again["rejected"]) == (0, 3, 0)
    asked = {"number": old.number(1), "mobileLast4": PERSON["mobile"][-4:]}
    assert running.data(operation("citizen_app/track_application"), asked)["trackApplication"]["status"] == "DELIVERED"
    paper = httpx.get(
        f"{running.url}/verify/{old.certificate}", headers={"Accept": "application/json"}, timeout=10
    ).json()
    assert paper["status"] == "ACTIVE"
    assert old.pulled(old.certificate)["accepted"] is False  # nobody has proved whose it is
    assert hers(running, token) == before

    claimed(running, token, old.number(1))
    there = {one["number"] for one in before["applications"]["nodes"]}
    came = [one for one in hers(running, token)["applications"]["nodes"] if one["number"] not in there]
    assert sorted(one["status"] for one in came) == ["DELIVERED", "DELIVERED", "IN_SCRUTINY"]
    assert [(one["appeals"], one["benefit"]) for one in came] == [([], None)] * 3
    held = [one["certificate"] for one in came if one["certificate"]]
    ours = paper["number"]
    [uri] = [one["uri"] for one in held if one["number"] == ours]
    for number in (old.certificate, ours, old.number(1)):
        pulled = old.pulled(number)
        assert (pulled["accepted"], pulled["uri"]) == (True, uri)
        assert pulled["sha256"]["application/pdf"] == hashlib.sha256(old.pdf).hexdigest()
    again_by_uri = running.act("digilocker", "pull_doc", person=PERSON["key"], uri=uri, format="both")
    assert again_by_uri["sha256"]["application/pdf"] == hashlib.sha256(old.pdf).hexdigest()
    assert old.pulled(old.certificate.replace("7", "8"))["accepted"] is False

    after = told_outside(running)
    assert len(after["texts"]) == len(outside["texts"]) + 1  # the code of her claim
    assert after | {"texts": None} == outside | {"texts": None}
