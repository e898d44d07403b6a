"""A citizen applies, pays, answers, appeals and downloads by pages alone, without a script, in both languages."""

from typing import Self

import httpx
import pytest
from lxml import html

from tests.support.forms import answers_of
from tests.support.papers import DECIDE
from tests.support.running import Running

SERVICE = "ES22"
CASE = "query($number: String!) { application(by: {number: $number}) { id status } }"
DELIVERED = """{ viewer { ... on Citizen { applications(first: 20) { nodes { number certificate { id } } } } } }"""


class Reader:
    """A browser without scripts: it follows links and sends forms as they are drawn."""

    def __init__(self, running: Running, person: str, language: str) -> None:
        self.url = running.url
        self.client = httpx.Client(
            base_url=running.url,
            cookies={"apuni_session": running.token("citizen", person)},
            headers={"accept": "text/html", "accept-language": language, "sec-fetch-site": "same-origin"},
            follow_redirects=True,
            timeout=60,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.client.close()

    def open(self, address: str) -> httpx.Response:
        page = self.client.get(address)
        assert page.status_code == 200, page.text
        return page

    def send(self, page: httpx.Response, mutation: str, **filled: str) -> httpx.Response:
        """Fill in the form of a page that posts to a mutation, and press its button."""
        for form in html.fromstring(page.text).forms:
            fields = {name: value for name, value in form.form_values() if isinstance(value, str)}
            buttons = {one.get("value") for one in form.cssselect("button[name=_form]")}
            if mutation in {fields.get("_form"), *buttons}:
                return self.client.post(str(page.url), data={**fields, **filled, "_form": mutation})
        raise AssertionError(f"no form posts to {mutation}")


def decide(running: Running, number: str, key: str, **verdict: str) -> None:
    """What the officer of the case does meanwhile."""
    officer = running.token("officer", "employment-dehradun")
    case = running.data(CASE, {"number": number}, token=officer)["application"]
    request = {"applicationId": case["id"], "idempotencyKey": key, **verdict}
    problems = running.data(DECIDE, {"input": request}, token=officer)["decideApplication"]["userErrors"]
    assert problems == []


def hidden(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def pay(reader: Reader, page: httpx.Response) -> None:
    """Send the fee's form, pay at the treasury's own pages, and come back."""
    ours = reader.send(page, "PayMyFee")
    (form,) = [one for one in html.fromstring(ours.text).forms if "encdata" in one.fields]
    there = reader.client.post(form.action, data=dict(form.fields)).text
    choice = {"reference": hidden(there, "reference"), "mode": "UPI", "outcome": "pay"}
    back = reader.client.post(f"{form.action}/choose", data=choice).text
    assert reader.client.post("/hooks/treasury", data={"encdata": hidden(back, "encdata")}).status_code == 200


@pytest.mark.parametrize(("person", "language"), [("lalit-pant", "hi"), ("rohan-adhikari", "en")])
def test_a_citizen_applies_pays_answers_and_appeals_by_pages_alone(running: Running, person: str, language: str):
    answers = {f"input.form.{one['name']}": one["value"] for one in answers_of("new-employment-registration")}
    place = {"input.district": "49", "input.tehsil": "304"}

    with Reader(running, person, language) as reader:
        begun = reader.send(reader.open(f"/my/apply/{SERVICE}"), "SaveMyDraft", **place)
        receipt = reader.send(begun, "SubmitMyApplication", **place, **answers)
        number = receipt.url.path.split("/")[3]
        assert receipt.url.path == f"/my/applications/{number}/acknowledgement"

        address = f"/my/applications/{number}"
        assert 'id="fee"' in reader.open(address).text
        pay(reader, reader.open(address))
        assert 'id="fee"' not in reader.open(address).text

        query = {"verdict": "RAISE_QUERY", "ground": "FORM_INCOMPLETE", "reason": "Which college?"}
        decide(running, number, f"pages-query-{language}", **query)
        question = reader.open(f"{address}/answer")
        assert "Which college?" in question.text
        assert reader.send(question, "AnswerMyQuery", **{"input.answer": "DAV"}).url.path == address

        refusal = {"verdict": "REJECT", "ground": "NOT_ELIGIBLE", "reason": "The course is not on the list."}
        decide(running, number, f"pages-reject-{language}", **refusal)
        appeal = reader.send(reader.open(f"{address}/appeal"), "FileMyAppeal", **{"input.text": "It is on the list."})
        assert appeal.url.path.startswith("/my/appeals/")
        assert "It is on the list." in appeal.text


def test_a_citizen_downloads_her_certificate_by_pages_alone(running: Running):
    asha = running.token("citizen")
    nodes = running.data(DELIVERED, token=asha)["viewer"]["applications"]["nodes"]
    number = next(one["number"] for one in nodes if one["certificate"])
    with Reader(running, "asha-negi", "hi") as reader:
        page = reader.open(f"/my/applications/{number}")
        links = [link.get("href") for link in html.fromstring(page.text).cssselect("main a.button")]
        kinds = [reader.client.get(link).headers["content-type"] for link in links]

    assert kinds == ["application/pdf"]
