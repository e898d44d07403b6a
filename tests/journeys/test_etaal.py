"""An e-transaction from its event to e-Taal and to a stranger's proof, over real sockets."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.kernel import SystemClock, TypeCode, from_global_id, ist_date, to_global_id
from tests.journeys.test_issuing import REVOKE
from tests.journeys.test_write_path import approve, case, locker_uri, submit
from tests.support.eventually import eventually
from tests.support.forked import apuni_forked
from tests.support.papers import INCOME_CERTIFICATE, RECORD_FEE, income_application

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "verify_counts.py"
COUNTS = """query($day: Date, $revision: Int) { transactionCounts(on: $day, revision: $revision) {
  day revision latestRevision total provisional closedAt closedRevision
  districts { districtCode count } rows { serviceCode districtCode count }
  proof { link entries } corrections { revision reason count serviceCode } } }"""
MAP = """mutation($input: MapEtaalServiceInput!) { mapEtaalService(input: $input) {
  code { code } revisedDays userErrors { code path } } }"""


def counts(running, day: str | None = None, revision: int | None = None) -> dict:
    variables = {"day": day, "revision": revision}
    told: dict = running.data(COUNTS, variables, token=running.token("auditor"))["transactionCounts"]
    return told


def of_district(told: dict, code: str, service: str) -> int:
    rows = [row for row in told["rows"] if (row["serviceCode"], row["districtCode"]) == (service, code)]
    return sum(row["count"] for row in rows)


def deliver(running, person: str, key: str) -> dict:
    citizen, officer = running.token("citizen", person), running.token("officer")
    application = submit(running, citizen, income_application(locker_uri(running, citizen), f"{key}-application"))
    fee = {"applicationId": application["id"], "receipt": f"CH-{key}", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": f"{key}-fee"}}, token=officer)
    approve(running, officer, application["id"], f"{key}-approve")
    return eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")


def delivered_long_ago(running) -> tuple[str, str, str]:
    """A certificate of the desk of Dehradun that was delivered on a day that is closed: its id, day and service."""
    viewer = running.data("{ viewer { ... on Citizen { id } } }", token=running.token())["viewer"]
    _, default = from_global_id(viewer["id"])  # whose certificates other journeys need
    with sqlite3.connect(f"file:{running.home / 'store.db'}?mode=ro", uri=True) as store:
        found = store.execute(
            "SELECT c.id, a.delivered_at, a.service_code FROM certificates c "
            "JOIN applications a ON a.id = c.application_id "
            "JOIN e_transactions e ON e.event_key = 'DELIVERED:' || a.id "
            "WHERE a.status = 'DELIVERED' AND c.status = 'ACTIVE' AND a.department = 'revenue-department' "
            "AND a.district = '49' AND a.tehsil = '304' AND a.delivered_at < ? "
            "AND a.citizen_id <> ? ORDER BY a.delivered_at DESC LIMIT 1",
            ((SystemClock().now() - timedelta(days=20)).strftime("%Y-%m-%d"), default),
        ).fetchone()
    day = ist_date(datetime.fromisoformat(found[1]).replace(tzinfo=UTC))
    return to_global_id(TypeCode.CERTIFICATE, found[0]), day.isoformat(), found[2]


def pulled(running, day: str, form: str) -> dict:
    told: dict = running.act("etaal", "pull_counts", date=day, transport=form)
    return told


def exported(running, day: str, file: Path) -> None:
    environment = {**os.environ, "APUNI_HOME": str(running.home), "APUNI_CLOCK": "sandbox"}
    done = apuni_forked(["etaal", "export", day, str(file)], environment)
    assert done.returncode == 0, done.stderr


def proved(file: Path, told: dict) -> dict:
    """What a stranger recomputes from the export, in a Python without our code."""
    asked = [str(file), "--revision", str(told["revision"]), "--link", told["proof"]["link"]]
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *asked, "--total", str(told["total"])],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    came: dict = json.loads(done.stdout)
    return came


def rows_of(running, day: str, application: str, file: Path) -> list[dict]:
    """The rows of the export that an application's delivery made, known by the hash of its event."""
    exported(running, day, file)
    _, own = from_global_id(application)
    key = hashlib.sha256(f"DELIVERED:{own}".encode()).hexdigest()
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [row for row in rows if row.get("key") == key]


def test_a_delivery_counts_once_in_its_district_and_a_stranger_can_prove_it(running, tmp_path):
    before = counts(running)
    day = before["day"]
    delivered = deliver(running, "rekha-panwar", "etaal-1")
    file = tmp_path / "day.jsonl"
    (row,) = eventually(lambda: rows_of(running, day, delivered["id"], file), bool)
    assert (row["service"], row["district"], row["count"]) == (INCOME_CERTIFICATE, "49", 1)
    now, pulls = eventually(  # a payment that was credited meanwhile counts too
        lambda: (counts(running, day), [pulled(running, day, form) for form in ("xml", "soap", "json")]),
        lambda seen: {pull["total"] for pull in seen[1]} == {seen[0]["total"]},
    )
    assert now["provisional"]
    # Not one more exactly: what a journey before this one had left waiting for a stopped system is delivered meanwhile.
    assert of_district(now, "49", INCOME_CERTIFICATE) > of_district(before, "49", INCOME_CERTIFICATE)
    assert now["total"] == sum(each["count"] for each in now["districts"])

    assert [pull["flags"] for pull in pulls] == [[], [], []]
    assert pulls[0]["rows"] == pulls[1]["rows"] == pulls[2]["rows"]
    assert running.act("etaal", "pull_due")["ok"]

    assert len(rows_of(running, day, delivered["id"], file)) == 1
    came = proved(file, now)
    assert came["districts"] == {each["districtCode"]: each["count"] for each in now["districts"]}
    shown = {}
    for row in came["rows"]:
        key = (row["serviceCode"], row["locationCode"])
        shown[key] = shown.get(key, 0) + row["count"]
    assert shown == {(row["serviceCode"], row["locationCode"]): row["count"] for row in pulls[2]["rows"]}


def test_a_revocation_revises_the_closed_day_of_the_delivery(running, tmp_path):
    certificate, day, service = delivered_long_ago(running)
    before = eventually(lambda: counts(running, day), lambda told: told["closedAt"] is not None, seconds=90)
    assert (before["provisional"], before["closedRevision"]) == (False, before["revision"])
    first = running.act("etaal", "pull_counts", date=day, transport="json")
    assert first["flags"] == []

    end = {"certificateId": certificate, "ground": "WRONG_FACTS", "reason": "Not so", "idempotencyKey": "etaal-revoke"}
    assert running.data(REVOKE, {"input": end}, token=running.token("officer"))["revokeCertificate"]["userErrors"] == []
    now = eventually(lambda: counts(running, day), lambda told: told["revision"] == before["revision"] + 1)
    assert (now["total"], now["closedRevision"]) == (before["total"] - 1, before["revision"])
    assert now["corrections"][0] == {
        "revision": now["revision"],
        "reason": "CERTIFICATE_REVOKED",
        "count": -1,
        "serviceCode": service,
    }
    again = running.act("etaal", "pull_counts", date=day, transport="json")
    assert (again["revision"], again["total"], again["flags"]) == (now["revision"], now["total"], [])
    earlier = counts(running, day, before["revision"])
    assert (earlier["total"], earlier["proof"]) == (before["total"], before["proof"])

    exported(running, day, tmp_path / "day.jsonl")
    proved(tmp_path / "day.jsonl", before)
    proved(tmp_path / "day.jsonl", now)


def test_what_has_no_code_is_told_under_its_own_line_until_it_has_one(running):
    query = "{ viewer { ... on Citizen { applications(first: 5) { nodes { number status } } } } }"
    held = running.data(query, token=running.token())["viewer"]["applications"]["nodes"]
    number = next(each["number"] for each in held if each["status"] != "DRAFT")
    query = """query($number: String!) { application(by: {number: $number}) { status } }"""
    for _ in range(2):
        running.data(query, {"number": number}, token=running.token())

    def told() -> dict[str, int]:
        pull = running.act("etaal", "pull_counts", transport="json")
        found: dict[str, int] = {}
        for row in pull["rows"]:
            found[row["serviceCode"]] = found.get(row["serviceCode"], 0) + row["count"]
        return found

    counted = eventually(told, lambda found: found.get("LOCAL-APSK-STATUS", 0) >= 1)["LOCAL-APSK-STATUS"]
    code = {
        "serviceCode": "APSK-STATUS",
        "etaalCode": "UK0900",
        "category": "D",
        "startsOn": "2026-01-01",
        "idempotencyKey": "etaal-map",
    }
    done = running.data(MAP, {"input": code}, token=running.token("admin"))["mapEtaalService"]
    assert (done["userErrors"], done["revisedDays"] >= 1) == ([], True)
    after = eventually(told, lambda found: "UK0900" in found)
    assert "LOCAL-APSK-STATUS" not in after
    assert after["UK0900"] >= counted
