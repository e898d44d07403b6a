"""From a breached limit to the Commission and back, over real sockets, on a city whose clock is turned ahead.

It has processes of its own, since the clock of a city goes for everybody in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.sign_in import DemoSignInFailed
from gateway.runtime import runfiles
from tests.support.crashing import Client, Processes
from tests.support.eventually import eventually
from tests.support.papers import SUBMIT
from tests.support.running import FOLLOWING

pytestmark = pytest.mark.long

BIRTH, ASHA = "UKX-CNWTMC", "asha-negi"
CASE = """
query($id: ID!) { node(id: $id) { ... on Application { number status deadline { dueAt }
  appeals { id level state ground origin decideByAt
    hearings { at place state } order { text directUntilOn }
    awards { kind amount state settledOn settlementReference }
    commissionCase { reference number caseFileSha256 messages { word state } } } } } }
"""
REJECT = """
mutation($input: DecideApplicationInput!) { decideApplication(input: $input) {
  application { status } userErrors { code } } }
"""
SETTLE = """
mutation($input: SettleAwardInput!) { settleAward(input: $input) { award { state } userErrors { code } } }
"""
AWARDS = "{ viewer { ... on Officer { awards(first: 10) { nodes { appealId award { kind amount } } } } } }"
TOLD = "{ viewer { ... on Citizen { notifications(first: 30) { nodes { kind text } } } } }"
CALENDAR = "query($from: Date) { hearings(first: 5, filter: {fromOn: $from}) { nodes { at place appealNumber } } }"


@dataclass
class Town:
    """The processes, with the city's clock and what its partners do."""

    processes: Processes
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def city(self) -> str:
        return f"http://127.0.0.1:{runfiles.ports(self.processes.home)['sandbox']}"

    def now(self) -> datetime:
        return datetime.fromisoformat(httpx.get(f"{self.city}/_control/clock", timeout=10).json()["now"])

    def turn(self, to: datetime) -> None:
        answer = httpx.put(f"{self.city}/_control/clock", json={"now": to.isoformat()}, timeout=10)
        assert answer.status_code == 200
        self.tokens.clear()  # sessions end while the clock is turned

    def act(self, action: str, **arguments: Any) -> dict[str, Any]:
        body = {"action": action, "arguments": arguments}
        answer = httpx.post(f"{self.city}/_control/right_to_service/act", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    def ask(self, role: str, person: str, query: str, **variables: Any) -> dict[str, Any]:
        """As somebody who signed in since the clock was turned last."""
        if person not in self.tokens:
            self.tokens[person] = eventually(lambda: self._signed_in(role, person), bool)
        return Client(self.processes.url, self.tokens[person]).ask(query, variables)

    def _signed_in(self, role: str, person: str) -> str:
        """A token, or nothing while the processes have not read the turned clock yet."""
        try:
            return self.processes.token(role, person)
        except DemoSignInFailed:
            return ""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    processes = Processes(Path(tmp_path_factory.mktemp("commission")) / "var", settings=FOLLOWING)
    processes.home.mkdir()
    try:
        processes.sandbox_up()
        seeded = processes.sow_people()
        assert seeded.returncode == 0, seeded.stderr[-3000:]
        processes.serve()
        processes.start("worker")
        yield Town(processes)
    finally:
        processes.stop()


def case(town: Town, application_id: str) -> dict[str, Any]:
    found: dict[str, Any] = town.ask("citizen", ASHA, CASE, id=application_id)["node"]
    return found


def climbed(town: Town, application_id: str, level: str) -> dict[str, Any]:
    """The appeal of a level, once the clock of the law has filed it."""

    def look() -> dict[str, Any]:
        return case(town, application_id)

    seen = eventually(look, lambda one: any(each["level"] == level for each in one["appeals"]), seconds=90)
    return next(each for each in seen["appeals"] if each["level"] == level)


@pytest.mark.timeout(900)
def test_a_breach_goes_to_the_commission_once_and_its_order_comes_back(town: Town):
    request = {"serviceCode": BIRTH, "district": "49", "tehsil": "304", "form": [], "idempotencyKey": "birth"}
    submitted = town.ask("citizen", ASHA, SUBMIT, input=request)["submitApplication"]
    assert submitted["userErrors"] == []
    application = submitted["application"]["id"]

    due = datetime.fromisoformat(case(town, application)["deadline"]["dueAt"])
    town.turn(due + timedelta(hours=13))
    first = climbed(town, application, "FIRST")
    assert (first["ground"], first["origin"]) == ("TIME_LIMIT_BREACHED", "AUTO")
    decided = town.ask(
        "officer",
        "vpdo-dehradun",
        REJECT,
        input={
            "applicationId": application,
            "verdict": "REJECT",
            "ground": "FACTS_NOT_CONFIRMED",
            "reason": "Too late, and not confirmed.",
            "idempotencyKey": "late refusal",
        },
    )["decideApplication"]
    assert (decided["userErrors"], decided["application"]["status"]) == ([], "REJECTED")
    for level, above in ((first, "SECOND"), (None, "COMMISSION")):
        last = level or climbed(town, application, "SECOND")
        town.turn(datetime.fromisoformat(last["decideByAt"]) + timedelta(hours=13))
        climbed(town, application, above)

    [there] = eventually(lambda: town.act("cases")["cases"], lambda seen: bool(seen and seen[0]["events"]), seconds=60)
    number = there["appealNo"]
    file = town.act("fetch_case_file", case=number)
    assert (file["verified"], file["problems"]) == (True, [])
    assert [one["level"] for one in file["contents"]["appeals.json"]] == ["FIRST", "SECOND", "COMMISSION"]

    now = town.now()
    hearing = {"hearingId": "H-1", "at": now.isoformat(), "place": "Commission, Dehradun"}
    until = (now + timedelta(days=20)).date().isoformat()
    for kind, payload in (
        ("HEARING_FIXED", hearing),
        ("DIRECTION", {"text": "Decide it again and give the certificate.", "until": until}),
        ("PENALTY", {"amountPaise": 125_000, "reason": "No sufficient cause for the delay."}),
        ("COMPENSATION", {"amountPaise": 50_000, "reason": "For the trouble."}),
    ):
        told = town.act("tell", case=number, type=kind, payload=payload)
        assert (told["status"], told["answer"]["state"]) == (200, "APPLIED"), told
        assert town.act("redeliver", event_id=told["event_id"])["answer"] == told["answer"]

    seen = case(town, application)
    appeal = next(one for one in seen["appeals"] if one["level"] == "COMMISSION")
    assert (seen["status"], appeal["state"]) == ("IN_SCRUTINY", "DIRECTED")
    assert {one["kind"]: one["amount"] for one in appeal["awards"]} == {"PENALTY": 125_000, "COMPENSATION": 50_000}
    assert [one["word"] for one in appeal["commissionCase"]["messages"]] == [
        "HEARING_FIXED",
        "DIRECTION",
        "PENALTY",
        "COMPENSATION",
    ]
    messages = town.ask("citizen", ASHA, TOLD)["viewer"]["notifications"]["nodes"]
    assert {"HEARING_FIXED", "ORDER_TO_DELIVER", "COMPENSATION_ORDERED", "REOPENED"} <= {
        one["kind"] for one in messages
    }
    listed = town.ask("commission", "commission-1", CALENDAR, **{"from": now.date().isoformat()})["hearings"]["nodes"]
    assert [one["place"] for one in listed] == ["Commission, Dehradun"]

    due_awards = town.ask("finance", "finance-1", AWARDS)["viewer"]["awards"]["nodes"]
    assert {one["award"]["kind"] for one in due_awards} == {"PENALTY", "COMPENSATION"}
    paid = {
        "appealId": due_awards[0]["appealId"],
        "kind": "COMPENSATION",
        "settledOn": town.now().date().isoformat(),
        "reference": "TV-2026-118",
        "idempotencyKey": "paid",
    }
    settled = town.ask("finance", "finance-1", SETTLE, input=paid)["settleAward"]
    assert (settled["userErrors"], settled["award"]) == ([], {"state": "PAID"})
    [there] = eventually(
        lambda: town.act("cases")["cases"],
        lambda seen: any(event["type"] == "COMPENSATION_PAID" for event in seen[0]["events"]),
        seconds=60,
    )
    kinds = [event["type"] for event in there["events"]]
    assert kinds.count("CASE_FILE") == kinds.count("COMPENSATION_PAID") == 1
    routes = [entry["effect"] for entry in town.processes.ledger("right_to_service")]
    assert routes.count("case opened") == 1


def test_the_list_of_notified_services_is_open_in_both_languages(town: Town):
    url = f"{town.processes.url}/notified-services"
    hindi = httpx.get(url, headers={"Accept-Language": "hi"}, timeout=30)
    listed = httpx.get(f"{url}.json?language=en", timeout=30).json()
    table = httpx.get(f"{url}.csv?language=hi", timeout=30).text.splitlines()
    assert "आय प्रमाण पत्र" in hindi.text
    income = next(one for one in listed["services"] if one["code"] == "ES09")
    assert (income["timeLimitDays"], income["timeLimitUnit"], income["version"]) == (15, "WORKING_DAYS", 1)
    assert len(table) == listed["count"] + 1
