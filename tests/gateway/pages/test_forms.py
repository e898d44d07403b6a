"""The page that draws any form without script: labels bound to inputs, faults at their questions, nothing filed."""

from collections import Counter
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from lxml import html
from sqlalchemy import func, select

from actions.catalogue.form_import import import_forms
from actions.kernel import Environment
from domain.catalogue.forms import Form
from gateway.http.admission import Admission, Share
from gateway.http.edge import Edge
from gateway.pages.rendering import field_id
from gateway.settings.limits import Load
from store.applications.application_rows import applications_table
from tests.support.catalogued import Filled, a_copy
from tests.support.forms import own_forms
from tests.support.pages import URL, browser_of, pages_app
from tests.support.state import form_files

FORMS = own_forms()
INCOME = FORMS["income-certificate"]
RATION = FORMS["ration-card-new-correction"]
PATH, RATION_PATH = "/forms/income-certificate", "/forms/ration-card-new-correction"
BOTH = pytest.mark.parametrize("language", ["hi", "en"])


class Page(HTMLParser):
    """What a reader that knows HTML finds in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str]] = []
        self.described: set[str] = set()
        self.targets: set[str] = set()
        self.tags: Counter[str] = Counter()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags[tag] += 1
        self.ids.update([found["id"]] if "id" in found else [])
        if tag == "label":
            self.labelled.add(found["for"])
        if tag in ("input", "select", "textarea") and found.get("type") != "hidden":
            self.controls.append(found)
        self.described |= set(found.get("aria-describedby", "").split())
        if tag == "a" and found["href"].startswith("#"):
            self.targets.add(found["href"][1:])


@pytest.fixture
async def env(
    catalogue_alone: Filled, store_keyrings: Any, store_clock: Any, tmp_path: Any
) -> AsyncIterator[Environment]:
    """An environment with the catalogue and the forms."""
    async with a_copy(catalogue_alone, store_keyrings, store_clock, tmp_path) as copied:
        assert not (await import_forms(copied.store, form_files())).refused
        yield copied


@pytest.fixture
def client(graph: Any, env: Environment) -> Any:
    return browser_of(pages_app(graph, env))


def filled(answers: dict[str, str], slug: str = "income-certificate") -> dict[str, str]:
    """A form that is sent with these answers."""
    named = {f"input.form.{name}": text for name, text in answers.items()}
    return {"_form": "CheckForm", "_key": "k", "input.slug": slug, **named}


async def faulty_page(client: httpx.AsyncClient, form: Form, language: str) -> Page:
    """The page of a form in which everything is wrong."""
    slug = form.services[0] if form.services else "generic"
    wrong = {one.name: "<b>" for one in form.all_questions() if not one.questions}
    return Page((await client.post(f"/forms/{slug}?language={language}", data=filled(wrong, slug))).text)


@BOTH
async def test_every_input_of_every_form_has_its_label_and_every_note_is_there(
    client: httpx.AsyncClient, language: str
):
    for form in FORMS.values():
        page = await faulty_page(client, form, language)

        names = {control["name"] for control in page.controls}
        for question in form.all_questions():
            inner = [f"{question.name}.0.{one.name}" for one in question.questions]
            assert {f"input.form.{name}" for name in inner or [question.name]} <= names, form.name
        assert {control["id"] for control in page.controls} == page.labelled
        assert page.described <= page.ids.keys()
        assert page.targets <= page.ids.keys()
        assert set(page.ids.values()) == {1}
        assert (page.tags["script"], page.tags["b"]) == (0, 0)


async def test_an_author_reads_when_an_answer_is_needed_and_what_is_checked_between_answers(client: httpx.AsyncClient):
    pension = html.fromstring((await client.get("/forms/disability-pension?language=en")).text).text_content()
    general = (await client.get("/forms/generic?language=hi")).text

    assert "BPL number (required)" in pension  # where it is asked
    assert "Checks between answers" in pension
    assert "Percentage of disability: The pension needs a disability of 40 per cent or more." in pension
    assert "तब आवश्यक: “आई.एफ.एस.सी. कोड” भरा हो" in general


@pytest.mark.parametrize(("language", "title", "question"), [
    ("hi", "आय प्रमाण पत्र", "परिवार की वार्षिक आय"), ("en", "Income Certificate", "Annual income of the family"),
])  # fmt: skip
async def test_a_form_is_drawn_in_both_languages(client: httpx.AsyncClient, language: str, title: str, question: str):
    page = await client.get(f"{PATH}?language={language}")

    assert page.status_code == 200
    assert f"<h1>{title}</h1>" in page.text
    assert question in page.text
    assert "LOCAL" in page.text
    assert "no-store" in page.headers["cache-control"]


async def test_a_right_form_is_told_so_and_nothing_is_filed(client: httpx.AsyncClient, env: Environment):
    done = await client.post(f"{PATH}?language=en", data=filled(INCOME.example))
    page = await client.get(done.headers["location"])

    assert done.status_code == 303
    assert "The form is complete and correct. Nothing was handed in." in page.text
    async with env.store.read_transaction() as tx:
        assert (await tx.connection.execute(select(func.count()).select_from(applications_table))).scalar_one() == 0


async def test_faults_stand_at_their_questions_and_what_was_written_stays(client: httpx.AsyncClient):
    wrong = {**INCOME.example, "annual_income": "-7", "applicant_name": "", "purpose": '"><script>alert(1)</script>'}

    page = await client.post(f"{PATH}?language=en", data=filled({**wrong, "nickname": "x"}))

    shown = html.fromstring(page.text)
    income = field_id("input.form.annual_income")
    assert page.status_code == 422
    assert shown.get_element_by_id(f"{income}-fault").text == '"Annual income of the family" must be at least 0.'
    assert shown.get_element_by_id(income).get("value") == "-7"
    assert "The form has no question of this name." in page.text
    assert "<script" not in page.text
    invalid = {one.get("name") for one in shown.cssselect("[aria-invalid=true]")}
    assert {"input.form.annual_income", "input.form.applicant_name"} <= invalid


async def test_a_group_gets_one_more_row_without_being_checked(client: httpx.AsyncClient):
    first = await client.get(RATION_PATH)
    answers = filled({"members.0.name": "Kavya"}, "ration-card-new-correction")
    more = await client.post(RATION_PATH, data={**answers, "_again": "members"})

    assert ("input.form.members.0.name" in first.text, "input.form.members.1.name" in first.text) == (True, False)
    assert more.status_code == 200
    assert "input.form.members.1.name" in more.text
    assert 'value="Kavya"' in more.text
    assert 'role="alert"' not in more.text


async def test_the_spelling_of_a_name_is_offered_on_asking_and_filled_in_by_nobody_but_the_person(
    client: httpx.AsyncClient,
):
    typed = filled({"child_name": "Ananya Negi", "mother_name": "Usha d'Souza"}, "birth-certificate")

    page = await client.post("/forms/birth-certificate-rural?language=en", data={**typed, "_again": "child_name_local"})

    shown = html.fromstring(page.text)
    field = shown.get_element_by_id(field_id("input.form.child_name_local"))
    offered = shown.get_element_by_id(f"{field.get('id')}-offered")
    hint = shown.get_element_by_id(f"{field.get('id')}-hint").text_content()
    assert page.status_code == 200
    assert field.get("value") == ""
    assert (field.get("list"), offered[0].get("value")) == (offered.get("id"), "अनन्या नेगी")
    assert "Offered: अनन्या नेगी. Write it here if it is right" in hint


async def test_a_group_gets_no_more_rows_than_it_may_have(client: httpx.AsyncClient):
    most = RATION.by_name["members"].rows
    answers = filled({f"members.{most - 1}.name": "Kavya"}, "ration-card-new-correction")

    page = await client.post(RATION_PATH, data={**answers, "_again": "members"})

    assert f'name="input.form.members.{most - 1}.name"' in page.text
    assert f'name="input.form.members.{most}.name"' not in page.text


async def test_the_list_leads_to_every_form(client: httpx.AsyncClient):
    page = await client.get("/forms?language=en")

    services = [slug for form in FORMS.values() for slug in form.services]
    assert all(f'href="/forms/{slug}"' in page.text for slug in [*services, "generic"])
    assert ">Application for a Service<" in page.text


async def test_a_service_without_a_form_of_its_own_shows_the_general_one(client: httpx.AsyncClient):
    page = await client.get("/forms/toilet-certificate?language=en")

    assert "<h1>Application for a Service</h1>" in page.text


async def test_a_service_that_is_not_there_has_no_form(client: httpx.AsyncClient):
    assert (await client.get("/forms/no-such-service")).status_code == 404


async def test_a_rule_is_said_in_words(client: httpx.AsyncClient):
    domicile = (await client.get("/forms/domicile-certificate?language=en")).text
    hindi = (await client.get("/forms/domicile-certificate?language=hi")).text

    assert "“Ground of residence” = Ownership of land or a house" in domicile
    assert "“निवास का आधार” = भूमि या भवन का स्वामित्व" in hindi


@pytest.mark.parametrize(("method", "path"), [("GET", "/forms"), ("GET", PATH), ("POST", "/track")])
async def test_a_page_in_a_full_process_says_when_to_come_back(graph: Any, env: Environment, method: str, path: str):
    load = Load(start=1, least=1, most=1, wait_seconds=0, overload_wait_seconds=0)
    gate = Admission(load, env.clock)
    edge = Edge(env.clock, env.ids, origins=(URL,), admission=gate)
    async with gate.slot(Share.STRANGERS), browser_of(pages_app(graph, env, edge=edge)) as client:
        tracking = {"by.number": "UK-ES09-2026-0000001", "by.secondFactor.mobileLast4": "0001"}
        page = await client.request(method, path, data=tracking if method == "POST" else None)

    assert (page.status_code, page.headers.get("retry-after")) == (503, "1")
    assert "OVERLOADED" in page.text
