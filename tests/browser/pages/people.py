"""Whole stories by people without a script, on a telephone of 360 pixels, by the keyboard alone.

Each page of a story is looked at in both languages by axe, and for scrolling sideways, in a browser with scripts.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import product
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from domain.kernel import SystemClock, ist_date
from tests.browser.test_accessibility import AXE, OVERFLOW, RUN, SERIOUS
from tests.support.eventually import eventually
from tests.support.forms import answers_of
from tests.support.papers import DECIDE, SUBMIT
from tests.support.running import Running
from tests.support.telephones import codes_to

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(900)]

PEOPLE = json.loads((Path(__file__).parents[3] / "demo" / "people.json").read_text(encoding="utf-8"))
SERVICE = "ES22"
ANSWERS = {
    f"input.form.{one['name']}": one["value"]
    for one in answers_of("new-employment-registration")
    if ".1." not in one["name"]  # the form is drawn with one row of each group
}
TOGETHER = 50
"""As many as are decided at once at most."""
WITHOUT_FEE = ("UKX-INPKCI", "UKX-RPNAKK", "UKX-WTEXOE")
"""Services of the revenue department that ask for no paper and no fee."""
TABS = 250
FOCUSED = "one => one === document.activeElement"
CASE = "query($number: String!) { application(by: {number: $number}) { id } }"
DELIVERED = "{ viewer { ... on Citizen { applications(first: 20) { nodes { number certificate { id } } } } } }"


class Reader:
    """A person at a small telephone whose browser runs no script, with a keyboard and nothing else."""

    def __init__(self, browser: Browser, running: Running, token: str) -> None:
        cookie = {"name": "apuni_session", "value": token, "url": running.url}
        small = {"width": 360, "height": 740}
        self.own = browser.new_context(java_script_enabled=False, viewport=small, locale="en-IN", accept_downloads=True)
        self.other = browser.new_context(viewport=small)
        for context in (self.own, self.other):
            context.add_cookies([cookie])  # type: ignore[list-item]
        self.url, self.page, self.glass = running.url, self.own.new_page(), self.other.new_page()

    def close(self) -> None:
        self.own.close()
        self.other.close()

    def open(self, address: str) -> None:
        self.page.goto(f"{self.url}{address}")

    def reach(self, control: Locator) -> Locator:
        """Go to a control by the tabulator."""
        for _ in range(TABS):
            if control.evaluate(FOCUSED):
                return control
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the tabulator does not reach {control}")

    def press(self, control: Locator) -> None:
        """Press a button or follow a link by the keyboard, and wait for the page that it leads to."""
        self.reach(control)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def fill(self, answers: Mapping[str, str]) -> None:
        """Go through a form by the tabulator and answer what is asked by name."""
        left = dict(answers)
        for _ in range(TABS):
            focused = self.page.locator(":focus")
            name = (focused.get_attribute("name") or "") if focused.count() else ""
            if name in left:
                _answer(focused, left.pop(name))
            if not left:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the tabulator does not reach {', '.join(left)}")

    def faults(self) -> list[object]:
        """What axe finds on this page in either language, and how far it scrolls sideways."""
        found: list[object] = []
        address = self.page.url.partition("#")[0]
        for language in ("hi", "en"):
            self.glass.goto(f"{address}{'&' if '?' in address else '?'}language={language}")
            self.glass.evaluate(AXE.read_text(encoding="utf-8"))
            found += [(language, *one) for one in self.glass.evaluate(RUN) if one[0] in SERIOUS]
            if self.glass.evaluate(OVERFLOW):
                found.append((language, "scrolls sideways"))
        return found


def _answer(control: Locator, text: str) -> None:
    kind = control.evaluate("one => one.tagName + (one.type ?? '')")
    if kind.startswith("SELECT"):
        control.select_option(text)
    elif kind in ("INPUTradio", "INPUTcheckbox"):
        control.page.locator(f"[name='{control.get_attribute('name')}'][value='{text}']").check()
    else:
        control.fill(text)


@pytest.fixture
def as_reader(started: Browser, running: Running) -> Iterator[Callable[..., Reader]]:
    """Opens the browser of a person by her role and name."""
    readers: list[Reader] = []

    def opened(role: str, person: str | None = None) -> Reader:
        readers.append(Reader(started, running, running.token(role, person)))
        return readers[-1]

    yield opened
    for reader in readers:
        reader.close()


def decide(running: Running, number: str, **verdict: str) -> None:
    """What the officer of the case does meanwhile."""
    officer = running.token("officer", "employment-dehradun")
    case = running.data(CASE, {"number": number}, token=officer)["application"]
    request = {"applicationId": case["id"], "idempotencyKey": f"people-{SystemClock().now()}", **verdict}
    assert running.data(DECIDE, {"input": request}, token=officer)["decideApplication"]["userErrors"] == []


def file_applications(running: Running, count: int) -> None:
    """What citizens of one tehsil hand in by their apps; one who has such an application already is left out."""
    filed = 0
    for service, person in product(WITHOUT_FEE, PEOPLE):
        request = {
            "serviceCode": service,
            "district": "49",
            "tehsil": "304",
            "form": answers_of("generic"),
            "documents": [],
            "channel": "MOBILE",
            "idempotencyKey": f"together-{service}",
        }
        done = running.data(SUBMIT, {"input": request}, token=running.token("citizen", person["key"]))
        problems = done["submitApplication"]["userErrors"]
        assert [one for one in problems if one["code"] != "ALREADY_APPLIED"] == []
        filed += not problems
        if filed == count:
            return
    raise AssertionError(f"{filed} applications of {count}")


def posting(page: Page, mutation: str) -> Locator:
    """The button of the form that posts to a mutation."""
    form = page.locator(f"form:has(input[name=_form][value={mutation}])")
    return page.locator(f"button[name=_form][value={mutation}]").last.or_(form.locator("button").last).last


def test_a_citizen_applies_pays_answers_a_query_and_appeals(running: Running, as_reader: Callable[..., Reader]):
    citizen = as_reader("citizen", "pooja-arya")
    page = citizen.page

    citizen.open(f"/my/apply/{SERVICE}")
    assert citizen.faults() == []
    citizen.fill({"input.district": "49", "input.tehsil": "304", **ANSWERS})
    citizen.press(posting(page, "SubmitMyApplication"))
    assert page.locator(".summary li").all_inner_texts() == []
    expect(page).to_have_url(re.compile("/acknowledgement"))
    assert citizen.faults() == []
    number = page.url.split("/")[5]

    citizen.open(f"/my/applications/{number}")
    assert citizen.faults() == []
    citizen.press(posting(page, "PayMyFee"))
    citizen.press(page.locator("main form button"))
    citizen.reach(page.locator("input[name=mode]").first)
    page.keyboard.press("Space")
    citizen.press(page.locator("button[name=outcome][value=pay]"))
    citizen.press(page.locator("form button"))
    citizen.open(f"/my/applications/{number}")
    expect(page.locator("#fee")).to_have_count(0)

    decide(running, number, verdict="RAISE_QUERY", ground="FORM_INCOMPLETE", reason="Which college?")
    citizen.open(f"/my/applications/{number}/answer")
    assert citizen.faults() == []
    citizen.fill({"input.answer": "DAV"})
    citizen.press(posting(page, "AnswerMyQuery"))

    decide(running, number, verdict="REJECT", ground="NOT_ELIGIBLE", reason="The course is not on the list.")
    citizen.open(f"/my/applications/{number}/appeal")
    assert citizen.faults() == []
    citizen.fill({"input.text": "It is on the list."})
    citizen.press(posting(page, "FileMyAppeal"))
    expect(page).to_have_url(re.compile("/my/appeals/"))
    assert citizen.faults() == []


def test_a_citizen_downloads_her_certificate(running: Running, as_reader: Callable[..., Reader]):
    nodes = running.data(DELIVERED, token=running.token())["viewer"]["applications"]["nodes"]
    citizen = as_reader("citizen")
    citizen.open(f"/my/applications/{next(one['number'] for one in nodes if one['certificate'])}")
    assert citizen.faults() == []
    link = citizen.page.locator("main a.button[href*='/']").first

    answer = citizen.own.request.get(str(link.get_attribute("href")))

    assert citizen.reach(link)
    assert answer.headers["content-type"] == "application/pdf"


def test_an_operator_takes_a_villager_from_a_blank_screen_to_the_acknowledgement(
    running: Running, as_reader: Callable[..., Reader]
):
    villager = next(person for person in PEOPLE if person["key"] == "janki-karki")
    operator = as_reader("operator")
    page = operator.page

    def texts() -> list[str]:
        return codes_to(running, villager["mobile"])

    before = len(texts())
    operator.open("/counter")
    assert operator.faults() == []
    operator.fill({"input.bornOn": villager["dob"], "input.mobile": villager["mobile"]})
    operator.press(posting(page, "CounterAskAssistance"))
    assert operator.faults() == []
    sent = eventually(texts, lambda found: len(found) > before)
    operator.fill({"input.code": next(iter(re.findall(r"\b[0-9]{6}\b", sent[0])))})
    operator.press(posting(page, "CounterConfirmAssistance"))

    operator.open(f"/counter/apply/{SERVICE}")
    assert operator.faults() == []
    operator.fill({"input.district": "49", "input.tehsil": "304", **ANSWERS})
    operator.press(posting(page, "SubmitMyApplication"))
    assert page.locator(".summary li").all_inner_texts() == []
    expect(page).to_have_url(re.compile("/counter/applications/[0-9]+/acknowledgement"))
    expect(page.locator("main")).to_contain_text(villager["name_en"])
    assert operator.faults() == []

    operator.press(posting(page, "CounterEndAssistance"))
    expect(page.locator("body")).not_to_contain_text(villager["name_en"])


def test_an_officer_decides_fifty_cases_at_once_and_one_by_hand(running: Running, as_reader: Callable[..., Reader]):
    file_applications(running, TOGETHER + 1)
    officer = as_reader("officer", "officer-dehradun-sadar")
    page = officer.page

    officer.open(f"/desk?first={TOGETHER}")
    assert officer.faults() == []
    assert page.locator("input[name=cases]").count() == TOGETHER
    officer.press(page.locator("main a[href*='after=']"))
    by_hand = str(page.locator("#queue ~ form tbody a").first.get_attribute("href"))
    officer.open(f"/desk?first={TOGETHER}")
    officer.press(page.locator("a[href*='marked=all']"))
    officer.press(page.locator("form[action='/desk/together'] button").first)
    assert officer.faults() == []
    why = {"input.verdict": "RAISE_QUERY", "input.ground": "FORM_INCOMPLETE", "input.reason": "The village is missing."}
    officer.fill(why)
    officer.press(posting(page, "DecideCases"))
    expect(page.locator(".summary li")).to_have_count(0)
    assert page.locator("tbody tr").count() == TOGETHER

    officer.open(by_hand)
    assert officer.faults() == []
    officer.fill(why)
    officer.press(posting(page, "DecideCase"))
    expect(page.locator("#decide")).to_have_count(0)


def test_a_finance_officer_resolves_a_case(as_reader: Callable[..., Reader]):
    officer = as_reader("finance")
    page = officer.page

    officer.open("/finance")
    assert officer.faults() == []
    officer.press(page.locator("tbody a").first)
    assert officer.faults() == []
    officer.press(posting(page, "TakeMoneyCase"))
    officer.fill({"input.outcome": "NO_DIFFERENCE", "input.note": "The bank's statement has it."})
    officer.press(posting(page, "SettleMoneyCase"))

    expect(page.locator("#settle")).to_have_count(0)
    assert officer.faults() == []


def test_a_finance_officer_reads_totals_and_months_by_the_names_of_schemes(as_reader: Callable[..., Reader]):
    officer = as_reader("finance")
    page = officer.page

    officer.open("/finance/totals")
    expect(page.locator("main")).to_contain_text("Old Age Pension")
    assert "uk-" not in page.locator("main").inner_text()
    before = f"{ist_date(SystemClock().now()).replace(day=1) - timedelta(days=1):%Y-%m}"
    officer.press(page.locator(f"#months + ul a[href*='{before}']"))

    expect(page.locator("main")).to_contain_text("Old Age Pension")
    assert officer.faults() == []


def test_a_developer_registers_an_app_and_finds_its_request(running: Running, as_reader: Callable[..., Reader]):
    developer = as_reader("developer")
    page = developer.page

    developer.open("/home")
    address = "http://127.0.0.1/signed-in"
    developer.fill({"input.name": "My app", "input.clientId": "story_app", "input.redirects.0": address})
    developer.press(posting(page, "RegisterDeveloperApp"))
    expect(page.locator("p.good")).to_be_visible()
    key = page.locator("dl.facts div").last.locator("dd").inner_text()
    answer = httpx.post(
        f"{running.url}/graphql", json={"query": "query Mine { __typename }"}, headers={"X-App-Key": key}
    )

    def found() -> bool:
        developer.open(f"/developer?requestId={answer.headers['x-request-id']}")
        return page.locator("section tbody tr").count() == 1

    eventually(found, bool)
    expect(page.locator("section tbody")).to_contain_text("Mine")
    assert developer.faults() == []
