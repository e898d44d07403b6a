"""The page that draws any form without script: labels bound to inputs, faults at their questions, nothing filed."""

from collections import Counter
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette

from actions.catalogue.form_import import import_forms
from actions.kernel import Environment
from domain.catalogue.forms import Form
from domain.kernel import Language
from gateway.pages.form_drawing import FormView, draw, id_of, said_of
from gateway.pages.forms import LARGEST_BODY, forms_routes
from gateway.runtime.form_files import form_files
from store.applications.application_rows import applications_table
from tests.support.catalogued import Filled, a_copy
from tests.support.forms import own_forms

INCOME = own_forms()["income-certificate"]
RATION = own_forms()["ration-card-new-correction"]
PATH = "/forms/income-certificate"


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
def client(env: Environment) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=Starlette(routes=forms_routes(env)))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")


@pytest.mark.parametrize("language", [Language.HI, Language.EN])
@pytest.mark.parametrize("form", own_forms().values(), ids=list(own_forms()))
def test_every_input_has_its_label_and_every_note_is_there(form: Form, language: Language):
    faults = {question.name: "wrong <b>" for question in form.all_questions()}
    page = Page(draw(FormView(form, language, faults=faults), "/forms/x"))
    names = {control["name"] for control in page.controls}
    for question in form.all_questions():
        inner = [f"{question.name}.0.{one.name}" for one in question.questions]
        assert set(inner or [question.name]) <= names
    assert {control["id"] for control in page.controls} == page.labelled
    assert page.described <= page.ids.keys()
    assert page.targets <= page.ids.keys()
    assert set(page.ids.values()) == {1}
    assert (page.tags["script"], page.tags["b"]) == (0, 0)


def test_an_author_reads_when_an_answer_is_needed_and_what_is_checked_between_answers():
    forms = own_forms()
    pension = draw(FormView(forms["disability-pension"], Language.EN), "/forms/x")
    assert '<label for="q-bpl-number">BPL number <small>(required)</small></label>' in pension  # where it is asked
    assert "<h2>Checks between answers</h2>" in pension
    assert "Percentage of disability: The pension needs a disability of 40 per cent or more." in pension
    general = draw(FormView(forms["generic"], Language.HI), "/forms/x")
    assert "तब आवश्यक: “आई.एफ.एस.सी. कोड” भरा हो" in general


@pytest.mark.parametrize(("language", "title", "question"), [
    ("hi", "आय प्रमाण पत्र", "परिवार की वार्षिक आय"), ("en", "Income Certificate", "Annual income of the family"),
])  # fmt: skip
async def test_a_form_is_drawn_in_both_languages(client: httpx.AsyncClient, language: str, title: str, question: str):
    page = await client.get(PATH, headers={"Accept-Language": language})
    assert page.status_code == 200
    assert f"<h1>{title}</h1>" in page.text
    assert question in page.text
    assert f'<html lang="{language}">' in page.text
    assert "LOCAL" in page.text
    assert "<script" not in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


async def test_a_right_form_is_told_so_and_nothing_is_filed(client: httpx.AsyncClient, env: Environment):
    page = await client.post(f"{PATH}?language=en", data=INCOME.example)
    assert page.status_code == 200
    assert "The form is complete and correct. Nothing was handed in." in page.text
    assert 'role="alert"' not in page.text
    async with env.store.read_transaction() as tx:
        assert (await tx.connection.execute(select(func.count()).select_from(applications_table))).scalar_one() == 0


async def test_faults_stand_at_their_questions_and_what_was_written_stays(client: httpx.AsyncClient):
    wrong = {**INCOME.example, "annual_income": "-7", "applicant_name": "", "purpose": '"><script>alert(1)</script>'}
    page = await client.post(f"{PATH}?language=en", data={**wrong, "nickname": "x"})
    assert page.status_code == 422
    read = Page(page.text)
    assert {id_of("annual_income"), id_of("applicant_name")} <= read.targets
    assert (
        f'id="{id_of("annual_income")}-fault">&quot;Annual income of the family&quot; must be at least 0.' in page.text
    )
    assert "Please fill in &quot;Applicant&#x27;s name&quot;." in page.text
    assert "nickname: The form has no question of this name." in page.text
    assert 'value="-7"' in page.text
    assert "<script" not in page.text
    invalid = {control["name"] for control in read.controls if control.get("aria-invalid") == "true"}
    assert invalid == {"annual_income", "applicant_name"}


async def test_a_group_gets_one_more_row_without_being_checked(client: httpx.AsyncClient):
    path = "/forms/ration-card-new-correction"
    first = await client.get(path)
    assert 'name="members.1.name"' in first.text
    assert 'name="members.2.name"' not in first.text
    more = await client.post(path, data={"members.0.name": "Kavya", "_rows.members": "2", "_more": "members"})
    assert more.status_code == 200
    assert 'name="members.2.name"' in more.text
    assert 'value="Kavya"' in more.text
    assert 'role="alert"' not in more.text
    most = await client.post(path, data={"_rows.members": "99", "_more": "members"})
    assert f'name="members.{RATION.by_name["members"].rows - 1}.name"' in most.text
    assert f'name="members.{RATION.by_name["members"].rows}.name"' not in most.text


async def test_the_list_leads_to_every_form(client: httpx.AsyncClient):
    page = await client.get("/forms?language=en")
    services = [slug for form in own_forms().values() for slug in form.services]
    assert all(f'href="/forms/{slug}"' in page.text for slug in [*services, "generic"])
    assert ">Application for a Service<" in page.text
    assert (await client.get("/forms/generic")).status_code == 200
    assert (await client.get("/forms/toilet-certificate?language=en")).text.count("Application for a Service") >= 1


async def test_what_is_not_there_too_large_or_of_another_kind_is_refused(client: httpx.AsyncClient):
    assert (await client.get("/forms/no-such-service")).status_code == 404
    kind = {"content-type": "application/x-www-form-urlencoded"}
    large = await client.post(PATH, content=b"a=" + b"x" * LARGEST_BODY, headers=kind)
    many = await client.post(PATH, content="&".join(f"a{n}=x" for n in range(301)).encode(), headers=kind)
    other = await client.post(PATH, json={"annual_income": "1"})
    binary = await client.post(PATH, content=b"\xff=\xff", headers=kind)
    assert [answer.status_code for answer in (large, many, other, binary)] == [400] * 4


def test_a_rule_is_said_in_words():
    said = {
        question.name: said_of(question.visible_if, form, Language.EN)
        for form in own_forms().values()
        for question in form.all_questions()
        if question.visible_if is not None
    }
    assert said["land_record"] == "“Ground of residence” is Ownership of land or a house"
    assert said["delay_reason"] == "age by “Date of birth” >= 1"
    assert said["delivery_attended_by"] == "not: “Where the birth took place” is Hospital or institution"
    hindi = {one.name: one for one in own_forms()["domicile-certificate"].all_questions()}["land_record"]
    assert said_of(hindi.visible_if or {}, own_forms()["domicile-certificate"], Language.HI) == (
        "“निवास का आधार” = भूमि या भवन का स्वामित्व"
    )
