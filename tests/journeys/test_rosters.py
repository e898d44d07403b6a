"""A school and a camp over real sockets: from the sign-in to each paper in somebody's hand, and how it is counted.

What is asked are the operations that the apps of operators and officers are given (operations/).
"""

import csv
import io
import json
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.kernel import ist_date
from tests.journeys.test_sign_on import code_in
from tests.support.eventually import eventually
from tests.support.files import pdf
from tests.support.forms import answers_of
from tests.support.operations import operation
from tests.support.running import Running
from tests.support.telephones import codes_to

CASTE = "ES08"
FROM_THE_ROW = ("applicant_name", "father_name", "date_of_birth", "mobile")
KEEPERS = {
    one["key"]: one
    for one in json.loads((Path(__file__).parents[2] / "demo" / "rosters.json").read_text("utf-8"))["keepers"]
}
SERVICE = "query ($code: String!) { service(by: {code: $code}) { fee documents { key required } } }"
QUEUE = "{ viewer { ... on Officer { queue(first: 1) { nodes { id } } } } }"
FIGURES = """query ($filter: StatisticsFilter) { deliveryStatistics(filter: $filter, groupBy: [CHANNEL]) {
  rows { channel figures { received disposed } } } }"""


def key() -> str:
    return f"roster-{secrets.token_hex(8)}"


def somebody() -> str:
    """A name that nobody else bears, in letters."""
    return "Nanda " + "".join(secrets.choice(string.ascii_lowercase) for _ in range(12)).title()


def telephone() -> str:
    return f"98112{secrets.randbelow(100_000):05d}"


@dataclass
class Keeper:
    """A principal or camp officer at her screen."""

    running: Running
    token: str

    def ask(self, name: str, **variables: Any) -> dict[str, Any]:
        return self.running.data(operation(f"operator_app/{name}"), variables, token=self.token, language="en")

    def done(self, name: str, **given: Any) -> dict[str, Any]:
        """What an operation answers, refused or not."""
        [answer] = self.ask(name, input={"idempotencyKey": key(), **given}).values()
        payload: dict[str, Any] = answer
        return payload

    def scan(self, words: str) -> str:
        """The reference of a paper that she scanned and sent."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/pdf"}
        address = f"{self.running.url}/uploads"
        answer = httpx.post(address, content=pdf(f"{words} {key()}"), headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["reference"])

    def service(self) -> dict[str, Any]:
        found: dict[str, Any] = self.running.data(SERVICE, {"code": CASTE})["service"]
        return found

    def a_row(self, reference: str, paper: str, **changes: Any) -> dict[str, Any]:
        """A pupil of class 11, with what a caste certificate asks for; every paper is the same scan."""
        needed = [one["key"] for one in self.service()["documents"] if one["required"]]
        row = {
            "reference": reference,
            "name": somebody(),
            "bornOn": "14-04-2010",
            "guardian": "Bachan Singh",
            "relation": "FATHER",
            "mobile": telephone(),
            "answers": [one for one in answers_of("caste-certificate") if one["name"] not in FROM_THE_ROW],
            "documents": [{"key": one, "uploadId": paper} for one in needed],
        }
        return row | changes

    def opened(self) -> str:
        payload = self.done("open_roster", serviceCode=CASTE)
        assert payload["userErrors"] == []
        return str(payload["roster"]["number"])

    def rows(self, number: str, **wanted: Any) -> dict[str, dict[str, Any]]:
        nodes = self.ask("roster", number=number, filter=wanted or None)["roster"]["rows"]["nodes"]
        return {node["reference"]: node for node in nodes}

    def progress(self, number: str) -> dict[str, int]:
        told: dict[str, int] = self.ask("roster", number=number)["roster"]["progress"]
        return told

    def filed(self, number: str) -> None:
        """Have it filed, and wait for the worker."""
        assert self.done("file_roster", number=number)["userErrors"] == []
        eventually(lambda: self.ask("roster", number=number)["roster"]["state"], lambda seen: seen == "FILED")

    def code(self, row: Mapping[str, Any], use: str, mobile: str) -> str:
        """A code as it comes to the guardian's telephone."""
        before = len(self.texts(mobile))
        assert self.done("ask_roster_code", rowId=row["id"], use=use)["userErrors"] == []
        sent = eventually(lambda: self.texts(mobile), lambda found: len(found) > before)
        return code_in(sent[0])

    def texts(self, mobile: str) -> list[str]:
        return codes_to(self.running, mobile)

    def sent(self, number: str, table: bytes) -> dict[str, Any]:
        """What the door for whole tables makes of one."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "text/csv", "Idempotency-Key": key()}
        headers["Accept-Language"] = "en"
        answer = httpx.post(f"{self.running.url}/rosters/{number}/rows", content=table, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def list_to_sign(self, number: str) -> list[list[str]]:
        answer = httpx.get(
            f"{self.running.url}/rosters/{number}/list.csv?awaiting=1",
            headers={"Authorization": f"Bearer {self.token}", "Accept-Language": "en"},
            timeout=30,
        )
        assert answer.status_code == 200
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    def fees_taken(self, number: str) -> None:
        fee = self.service()["fee"]
        for row in self.rows(number, states=["FILED"]).values():
            assert row["applicationStatus"] == "FEE_PENDING"
            taken = self.done("roster_fee", rowId=row["id"], receipt=f"R-{row['reference']}", amount=fee)
            assert (taken["userErrors"], taken["row"]["applicationStatus"]) == ([], "IN_SCRUTINY")


@pytest.fixture
def principal(running: Running) -> Keeper:
    return Keeper(running, running.token("principal"))


@pytest.fixture
def camp_officer(running: Running) -> Keeper:
    return Keeper(running, running.token("camp-officer"))


def counted(running: Running) -> tuple[int, int]:
    """Received and disposed of this month by schools and camps at caste certificates of the tehsil."""
    today = ist_date(running.now()).isoformat()
    wanted = {"serviceCode": CASTE, "district": "49", "tehsil": "304", "fromMonth": today, "toMonth": today}
    answer = running.data(FIGURES, {"filter": wanted}, token=running.token("officer"))["deliveryStatistics"]
    by_channel = {row["channel"]: row["figures"] for row in answer["rows"]}
    figures = by_channel.get("SCHOOL_OR_CAMP", {"received": 0, "disposed": 0})
    return figures["received"], figures["disposed"]


def bulk_approved(running: Running, number: str, *others: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """One verdict for all that a roster brought into the officer's queue, and for `others`; what became of each."""
    officer = running.token("officer")
    given = {"filter": {"roster": number}}
    waiting = running.data(operation("officer_app/queue"), given, token=officer)["viewer"]["queue"]["nodes"]
    items = [{"applicationId": one["id"], "expectedVersion": one["version"]} for one in waiting]
    verdict = {"items": [*items, *others], "verdict": "APPROVE", "idempotencyKey": key()}
    answer = running.data(operation("officer_app/bulk_decide"), {"input": verdict}, token=officer)["bulkDecide"]
    assert answer["userErrors"] == []
    return [(one["outcome"], [error["code"] for error in one["userErrors"]]) for one in answer["results"]]


def test_a_principal_files_the_rows_that_are_right_and_figures_count_them_as_of_a_school(running, principal):
    before = counted(running)
    paper, signed = principal.scan("paper"), principal.scan("consent")
    number = principal.opened()
    by_paper, by_code = principal.a_row("A-1", paper, consentPaper=signed), principal.a_row("A-2", paper)
    rows = [
        by_paper,
        by_code,
        principal.a_row("A-3", paper),
        principal.a_row("A-4", paper, name="7", bornOn="31-02-2010", relation="SELF"),
        principal.a_row("A-1", paper),
        principal.a_row("A-5", "0" * 64),
        principal.a_row("A-6", paper, answers=[]),
    ]

    results = principal.done("add_roster_rows", number=number, rows=rows)["results"]

    assert [one["outcome"] for one in results] == ["ADDED"] * 3 + ["REFUSED"] * 4
    wrong = [{(error["path"][3], error["code"]) for error in one["userErrors"]} for one in results[3:]]
    assert wrong[0] == {("name", "ROW_INVALID"), ("bornOn", "ROW_INVALID")}
    assert wrong[1] == {("reference", "ROW_TWICE")}
    assert wrong[2] == {("documents", "UPLOAD_UNKNOWN")}
    assert {field for field, _ in wrong[3]} == {"answers"}
    consents = principal.rows(number)
    assert {one["reference"]: one["state"] for one in consents.values()} == {
        "A-1": "READY",
        "A-2": "CONSENT_MISSING",
        "A-3": "CONSENT_MISSING",
    }
    code = principal.code(consents["A-2"], "CONSENT", by_code["mobile"])
    given = principal.done("roster_consent", rowId=consents["A-2"]["id"], code=code)
    assert (given["userErrors"], given["row"]["consentStrength"]) == ([], "SUBSTANTIAL")

    principal.filed(number)

    filed = principal.rows(number)
    assert [filed[one]["state"] for one in ("A-1", "A-2", "A-3")] == ["FILED", "FILED", "CONSENT_MISSING"]
    assert [problem["code"] for problem in filed["A-3"]["problems"]] == ["CONSENT_REQUIRED"]
    assert counted(running) == (before[0] + 2, before[1])

    principal.fees_taken(number)
    elsewhere = running.data(QUEUE, token=running.token("officer", "vpdo-haridwar"))["viewer"]["queue"]["nodes"][0]
    assert bulk_approved(running, number, {"applicationId": elsewhere["id"]}) == [
        ("DONE", []),
        ("DONE", []),
        ("REFUSED", ["NOT_FOUND"]),
    ]
    eventually(lambda: principal.progress(number)["awaitingHandOver"], lambda seen: seen == 2)
    head, *lines = principal.list_to_sign(number)
    assert head[-1] == "Signature or thumb"
    assert {line[1] for line in lines} == {by_paper["name"], by_code["name"]}
    assert counted(running) == (before[0] + 2, before[1])  # made, and in nobody's hand yet

    first, second = filed["A-1"]["id"], filed["A-2"]["id"]
    same = principal.done("roster_hand_over", rowId=first, recipient="GUARDIAN", paper=signed)
    assert [error["code"] for error in same["userErrors"]] == ["PROOF_MISSING"]
    receipt = principal.scan("receipt")
    assert principal.done("roster_hand_over", rowId=first, recipient="GUARDIAN", paper=receipt)["userErrors"] == []
    code = principal.code(filed["A-2"], "HAND_OVER", by_code["mobile"])
    wrong_code = f"{(int(code) + 1) % 1_000_000:06d}"
    refused = principal.done("roster_hand_over", rowId=second, recipient="SELF", code=wrong_code)
    assert [error["code"] for error in refused["userErrors"]] == ["OTP_WRONG"]
    assert principal.done("roster_hand_over", rowId=second, recipient="SELF", code=code)["userErrors"] == []
    again = principal.done("roster_hand_over", rowId=second, recipient="SELF", code=code)
    assert [error["code"] for error in again["userErrors"]] == ["STEP_NOT_ALLOWED"]

    handed = principal.rows(number)
    assert {one: handed[one]["receipt"] and handed[one]["receipt"]["proof"] for one in handed} == {
        "A-1": "SIGNED_PAPER",
        "A-2": "OTP",
        "A-3": None,
    }
    assert {handed[one]["applicationStatus"] for one in ("A-1", "A-2")} == {"DELIVERED"}
    assert counted(running) == (before[0] + 2, before[1] + 2)
    assert principal.progress(number)["handedOver"] == 2


def table_of(*rows: Mapping[str, Any]) -> bytes:
    """Rows as the table that an office keeps."""
    lines = [
        {
            "reference": row["reference"],
            "name": row["name"],
            "born_on": row["bornOn"],
            "guardian": row["guardian"],
            "relation": row["relation"],
            "mobile": row["mobile"],
            **{f"answer:{one['name']}": one["value"] for one in row["answers"]},
            **{f"document:{one['key']}": one["uploadId"] for one in row["documents"]},
        }
        for row in rows
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue().encode()


def test_a_camp_officer_goes_from_the_sign_in_to_the_hand_over(running, camp_officer):
    place = KEEPERS["camp-officer-1"]
    before = counted(running)
    shown = camp_officer.ask("rosters")
    assert shown["viewer"]["rosterCentres"] == [place["code"]]
    assert {one["centreCode"] for one in shown["rosters"]["nodes"]} == {place["code"]}

    number, paper = camp_officer.opened(), camp_officer.scan("paper")
    grown = camp_officer.a_row("T-1", paper, bornOn="02-05-1984", guardian="", relation="SELF")
    grown["answers"].append({"name": "father_name", "value": "Bachan Singh"})
    child = camp_officer.a_row("T-2", paper)
    child["answers"].append({"name": "father_name", "value": child["guardian"]})
    alone = child | {"reference": "T-3", "name": somebody(), "guardian": "", "relation": "SELF"}
    told = camp_officer.sent(number, table_of(grown, child, alone))
    assert (told["added"], told["refused"]) == (2, 1)
    assert [(one["line"], one["field"], one["code"]) for one in told["problems"]] == [(4, "relation", "ROW_INVALID")]

    nothing = camp_officer.done("file_roster", number=number)
    assert [error["code"] for error in nothing["userErrors"]] == ["CONSENT_REQUIRED"]
    rows = camp_officer.rows(number)
    lacking = {one: [problem["code"] for problem in rows[one]["problems"]] for one in rows}
    assert lacking == {"T-1": ["CONSENT_REQUIRED"], "T-2": ["CONSENT_REQUIRED"]}
    code = camp_officer.code(rows["T-1"], "CONSENT", grown["mobile"])
    assert camp_officer.done("roster_consent", rowId=rows["T-1"]["id"], code=code)["userErrors"] == []
    signed = camp_officer.scan("consent")
    assert camp_officer.done("roster_consent", rowId=rows["T-2"]["id"], paper=signed)["userErrors"] == []

    camp_officer.filed(number)
    camp_officer.fees_taken(number)
    assert counted(running) == (before[0] + 2, before[1])
    seen = running.data(operation("officer_app/rosters"), token=running.token("officer"))["rosters"]["nodes"]
    [line] = [one for one in seen if one["number"] == number]
    assert (line["kind"], line["progress"]["filed"]) == ("CAMP", 2)
    strangers = running.graphql(operation("operator_app/roster"), {"number": number}, token=running.token("principal"))
    assert [error["extensions"]["code"] for error in strangers["errors"]] == ["NOT_FOUND"]

    assert bulk_approved(running, number) == [("DONE", []), ("DONE", [])]
    eventually(lambda: camp_officer.progress(number)["awaitingHandOver"], lambda seen: seen == 2)
    for reference, mobile, recipient in (("T-1", grown["mobile"], "SELF"), ("T-2", child["mobile"], "GUARDIAN")):
        code = camp_officer.code(rows[reference], "HAND_OVER", mobile)
        given = camp_officer.done("roster_hand_over", rowId=rows[reference]["id"], recipient=recipient, code=code)
        assert given["userErrors"] == []
        assert given["row"]["receipt"] | {"handedOverAt": None} == {
            "recipient": recipient,
            "proof": "OTP",
            "handedOverAt": None,
        }
    assert camp_officer.rows(number, awaitingHandOver=True) == {}
    assert counted(running) == (before[0] + 2, before[1] + 2)
