"""People at work during the drill: they apply, pay, withdraw and read, an officer decides; all ask again under one key.

What was acknowledged is noted here, outside of the product, with its idempotency key.
"""

import ssl
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.crashing import CASE, GRANT, GRANT_SERVICE, PAY, WITHDRAW, Processes, filled_in
from tests.support.papers import DECIDE, SUBMIT

PENSION, PENSION_FORM = "ES94", "farmer-pension"
"""The pension of farmers, which has a fee; the grant of girls has none."""
PAUSE = 0.8
"""Seconds between two requests of one person: some ten requests a second together, as two cores are shared by all."""
PATIENCE = 180.0


@dataclass(frozen=True)
class Attempt:
    """One request: when it began and ended (monotonic seconds), and how. `code` is empty where it was answered."""

    write: bool
    began: float
    ended: float
    code: str


@dataclass
class Journal:
    """What clients were promised, by the graph's id of an application, and every attempt."""

    numbers: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    withdrawn: dict[str, str] = field(default_factory=dict)
    approved: dict[str, str] = field(default_factory=dict)
    paid: dict[str, str] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What no client may be answered: an error that is not said to be retryable, a case that a read does not find."""

    @property
    def acknowledged(self) -> int:
        """Writes that clients were told are done."""
        return sum(map(len, (self.numbers, self.withdrawn, self.approved, self.paid)))

    def codes(self, since: int) -> Counter[str]:
        """How often an attempt failed, by what was answered."""
        return Counter(one.code for one in self.attempts[since:] if one.code)

    def error_seconds(self, since: int, *, write: bool) -> float:
        """From the beginning of the first failed attempt to the end of the last one.

        What was answered well while that first attempt was still under way shortens it: nothing had failed by then.
        """
        mine = [one for one in self.attempts[since:] if one.write == write]
        failed = [one for one in mine if one.code]
        if not failed:
            return 0.0
        first = min(one.ended for one in failed)
        good = [one.ended for one in mine if not one.code and one.ended <= first]
        return max(one.ended for one in failed) - max([min(one.began for one in failed), *good])


@dataclass
class Person:
    """Somebody with a session, who asks nginx; `role` and `name` are those of the demo."""

    line: httpx.Client
    role: str
    name: str
    token: str
    journal: Journal

    def ask(self, query: str, variables: Mapping[str, Any], *, write: bool) -> dict[str, Any]:
        """The data of the answer. What failed and may be sent again is sent again under the same key."""
        ends_at = time.monotonic() + PATIENCE
        while time.monotonic() < ends_at:
            began = time.monotonic()
            answer = self.ask_once(query, variables)
            self.journal.attempts.append(Attempt(write, began, time.monotonic(), answer.code))
            if not answer.code:
                return answer.data
            if not answer.retryable:
                self.journal.wrong.append(f"{answer.code}: {answer.text}")
            time.sleep(PAUSE)  # as a client of the field waits; what it waits for is another process
        raise TimeoutError("no answer within the time")

    def ask_once(self, query: str, variables: Mapping[str, Any]) -> "Answer":
        """What was answered to one request; what is no JSON, and no answer at all, is not said to be retryable."""
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            said = self.line.post("/graphql", json={"query": query, "variables": dict(variables)}, headers=headers)
            answer = said.json()
        except (httpx.HTTPError, ValueError) as error:
            return Answer(f"untyped {type(error).__name__}", text=str(error)[:300])
        if "errors" not in answer:
            return Answer("", data=answer["data"])
        told = [each.get("extensions", {}) for each in answer["errors"]]
        hinted = told[0].get("code") != "OVERLOADED" or "retryAfterSeconds" in told[0]
        retryable = hinted and all(each.get("retryable") for each in told)
        return Answer(str(told[0].get("code")), retryable=retryable, text=str(answer)[:300])


@dataclass(frozen=True)
class Answer:
    """What came of one request; `code` is empty where it was answered with data."""

    code: str
    data: dict[str, Any] = field(default_factory=dict)
    retryable: bool = False
    text: str = ""


@dataclass
class Load:
    """Everybody together. `gate` is open while they may begin something new."""

    processes: Processes
    journal: Journal
    officer: Person
    citizens: Sequence[Person]
    gate: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    failures: list[BaseException] = field(default_factory=list)
    _busy: Counter[str] = field(default_factory=Counter)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Let them work until `end`."""
        lives = [(f"{kind}{place}", life, person) for place, person in enumerate(self.citizens)
                 for kind, life in (("grant", self._apply), ("pension", self._pay), ("read", self._read))]  # fmt: skip
        for name, life, person in lives:
            self._threads.append(threading.Thread(target=self._live, args=(name, life, person), daemon=True))
        self.gate.set()
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """Let nobody begin anything, and wait until what was begun is done."""
        self.gate.clear()
        ends_at = time.monotonic() + PATIENCE
        while any(self._busy.values()) and time.monotonic() < ends_at:
            time.sleep(0.1)  # between looks at other threads

    def end(self) -> None:
        """Let everybody go home."""
        self.over.set()
        self.gate.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _live(self, name: str, life: Any, person: Person) -> None:
        number = 0
        while not self.over.is_set():
            self.gate.wait()
            number += 1
            self._busy[name] = 1
            try:
                if self.gate.is_set() and not self.over.is_set():
                    life(person, f"{name}-{number}", number)
            except BaseException as failure:  # noqa: BLE001 - told at the end
                self.failures.append(failure)
            self._busy[name] = 0
            time.sleep(PAUSE)  # between requests, as people pause

    def _submit(self, person: Person, service: str, form: str, key: str) -> str | None:
        said = person.ask(SUBMIT, {"input": filled_in(service, key, form=form)}, write=True)["submitApplication"]
        case = said["application"]
        if case is None:
            codes = {error["code"] for error in said["userErrors"]}
            if not codes <= {"ALREADY_APPLIED", "IN_PROGRESS"}:
                self.journal.wrong.append(str(codes))
            return None
        self.journal.numbers[case["id"]], self.journal.keys[case["id"]] = case["number"], key
        return str(case["id"])

    def _apply(self, person: Person, key: str, number: int) -> None:
        """A grant that is approved, or withdrawn, as two of three are; the next waits until it is delivered."""
        case = self._submit(person, GRANT_SERVICE, GRANT, key)
        if case is None:
            return
        time.sleep(PAUSE)  # between requests, as people pause
        if number % 3:
            self._withdraw(person, case, f"back-{key}")
            return
        request = {"applicationId": case, "verdict": "APPROVE", "idempotencyKey": f"approve-{key}"}
        said = self.officer.ask(DECIDE, {"input": request}, write=True)["decideApplication"]
        self._note(self.journal.approved, said, case, f"approve-{key}")

    def _pay(self, person: Person, key: str, _number: int) -> None:
        """A pension whose fee is paid at the treasury; it is withdrawn, so that the next one can be asked for."""
        case = self._submit(person, PENSION, PENSION_FORM, key)
        if case is None:
            return
        request = {"applicationId": case, "idempotencyKey": f"pay-{key}"}
        said = person.ask(PAY, {"input": request}, write=True)["startFeePayment"]
        fields = {each["name"]: each["value"] for each in said["redirect"]["fields"]}
        posted = self.processes.act("treasury", "pay", encdata=fields["encdata"], mode="NB", outcome="pay")
        came_back = {"encdata": posted["encdata"]}
        ends_at = time.monotonic() + PATIENCE
        while time.monotonic() < ends_at:
            with suppress(httpx.HTTPError):  # her browser is sent to us; if nobody is there, the treasury knows it
                person.line.post("/hooks/treasury", data=came_back)
            if person.ask(CASE, {"id": case}, write=False)["node"]["status"] == "IN_SCRUTINY":
                self.journal.paid[case] = f"pay-{key}"
                break
            time.sleep(PAUSE)  # between requests, as people pause
        self._withdraw(person, case, f"back-{key}")

    def _read(self, person: Person, key: str, number: int) -> None:
        place = key.partition("-")[0][-1]
        own = [case for case, made in self.journal.keys.copy().items() if made.partition("-")[0].endswith(place)]
        if not own:
            return
        case = own[number % len(own)]
        found = person.ask(CASE, {"id": case}, write=False)["node"]
        if found is None or found["number"] != self.journal.numbers[case]:
            self.journal.wrong.append(f"a read gave {found} for {self.journal.numbers[case]}")

    def _withdraw(self, person: Person, case: str, key: str) -> None:
        said = person.ask(WITHDRAW, {"input": {"applicationId": case, "idempotencyKey": key}}, write=True)
        self._note(self.journal.withdrawn, said["withdrawApplication"], case, key)

    def _note(self, promised: dict[str, str], said: Mapping[str, Any], case: str, key: str) -> None:
        if said["application"] is None:
            self.journal.wrong.append(f"{key}: {said['userErrors']}")
        else:
            promised[case] = key


def a_line(url: str, certificate: Path) -> httpx.Client:
    """Connections to nginx, whose certificate is checked."""
    return httpx.Client(
        base_url=url, verify=ssl.create_default_context(cafile=str(certificate)), trust_env=False, timeout=30
    )
