"""A page is a published operation and a template, run with the reader's own rights."""

import re

import pytest
from lxml import html

from tests.gateway.pages.conftest import Browse
from tests.support.graph import World


def form_of(page: str, name: str) -> dict[str, str]:
    """The fields of the form that posts to a mutation."""
    for form in html.fromstring(page).forms:
        fields = {key: value or "" for key, value in form.fields.items()}
        if fields.get("_form") == name:
            return fields
    raise AssertionError(f"no form posts to {name}")


async def test_a_page_shows_what_its_operation_gives(world: World, browse: Browse):
    application = await world.submit()

    async with browse("asha") as browser:
        page = await browser.get("/my")

    assert page.status_code == 200
    assert f'href="/my/applications/{application.number}"' in page.text


async def test_a_page_is_in_the_language_of_its_reader_and_links_to_the_other(browse: Browse):
    async with browse(language="hi") as browser:
        page = await browser.get("/services?search=income&language=hi")

    assert '<html lang="hi">' in page.text
    assert 'href="/services?search=income&amp;language=en"' in page.text


async def test_the_language_that_was_chosen_stays(browse: Browse):
    async with browse(language="en") as browser:
        await browser.get("/?language=hi")
        page = await browser.get("/services")

    assert page.headers["content-language"] == "hi"


async def test_fields_of_the_address_are_variables_of_the_operation(browse: Browse):
    async with browse() as browser:
        page = await browser.get("/services?first=1")

    assert len(html.fromstring(page.text).cssselect("ul.cards > li")) == 1


@pytest.mark.parametrize(("who", "ways"), [(None, ["/my/apply/ES09"]), ("asha", ["/my/apply/ES09"]), ("anita", [])])
async def test_an_open_service_leads_to_the_form_of_who_may_apply(browse: Browse, who: str | None, ways: list[str]):
    async with browse(who) as browser:
        page = await browser.get("/services/ES09")

    assert [one.get("href") for one in html.fromstring(page.text).cssselect("main a.button")] == ways


async def test_who_is_not_signed_in_is_led_to_sign_in_and_back(browse: Browse):
    async with browse() as browser:
        page = await browser.get("/my?x=1")

    assert page.status_code == 303
    assert page.headers["location"] == "/sign-in?return_to=%2Fmy%3Fx%3D1&language=en"


async def test_an_ended_session_is_told_and_keeps_the_way_back(browse: Browse):
    async with browse("somebody-else") as browser:
        page = await browser.get("/my")

    assert page.headers["location"] == "/sign-in?return_to=%2Fmy&language=en&error=session_over"


async def test_an_ended_session_still_reads_what_is_public(browse: Browse):
    async with browse("somebody-else") as browser:
        page = await browser.get("/services")

    assert page.status_code == 200


async def test_a_page_of_citizens_is_refused_to_an_officer(browse: Browse):
    async with browse("anita") as browser:
        page = await browser.get("/my")

    assert page.status_code == 403
    assert "FORBIDDEN" in page.text


async def test_an_application_of_somebody_else_is_not_found(world: World, browse: Browse):
    application = await world.submit()

    async with browse("ravi") as browser:
        page = await browser.get(f"/my/applications/{application.number}")

    assert page.status_code == 404


async def test_a_form_posts_to_its_mutation_and_leads_back_to_the_page(world: World, browse: Browse):
    application = await world.submit()

    async with browse("asha") as browser:
        address = f"/my/applications/{application.number}"
        form = form_of((await browser.get(address)).text, "WithdrawMyApplication")
        done = await browser.post(address, data=form)
        page = await browser.get(done.headers["location"])

    assert done.status_code == 303
    assert "The application is withdrawn." in page.text
    assert "Withdrawn" in page.text


async def test_a_refusal_stands_at_its_field_and_what_was_typed_is_still_there(world: World, browse: Browse):
    application = await world.submit()

    async with browse("asha") as browser:
        address = f"/my/applications/{application.number}"
        form = form_of((await browser.get(address)).text, "WithdrawMyApplication")
        page = await browser.post(address, data={**form, "input.reason": "a reason \u202e"})

    assert page.status_code == 422
    shown = html.fromstring(page.text)
    assert shown.cssselect(".summary a")[0].get("href") == "#q-reason"
    assert shown.get_element_by_id("q-reason").get("aria-describedby") == "q-reason-fault"
    assert shown.get_element_by_id("q-reason").text.strip() == "a reason \u202e"
    assert re.search(r"<title>Error – ", page.text)


async def test_the_same_form_sent_twice_has_one_effect(world: World, browse: Browse):
    application = await world.submit()

    async with browse("asha") as browser:
        address = f"/my/applications/{application.number}"
        form = form_of((await browser.get(address)).text, "WithdrawMyApplication")
        answers = [await browser.post(address, data=form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]


async def test_a_form_of_another_site_is_refused(world: World, browse: Browse):
    application = await world.submit()

    async with browse("asha") as browser:
        address = f"/my/applications/{application.number}"
        form = form_of((await browser.get(address)).text, "WithdrawMyApplication")
        page = await browser.post(address, data=form, headers={"sec-fetch-site": "cross-site"})

    assert page.status_code == 403


async def test_a_frame_of_another_site_gets_the_page_of_nobody(browse: Browse):
    foreign = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}

    async with browse("asha") as browser:
        page = await browser.get("/my", headers=foreign)

    assert page.status_code == 303


async def test_a_link_from_another_site_opens_the_page_for_who_is_signed_in(browse: Browse):
    link = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}

    async with browse("asha") as browser:
        page = await browser.get("/my", headers=link)

    assert page.status_code == 200


async def test_a_mutation_that_the_page_does_not_name_is_refused(browse: Browse):
    async with browse("asha") as browser:
        page = await browser.post("/my/applications/1", data={"_form": "EraseMyData"})

    assert page.status_code == 400


async def test_what_a_page_says_of_people_is_escaped(browse: Browse):
    async with browse() as browser:
        page = await browser.get("/services", params={"search": '"><script>alert(1)</script>'})

    assert "<script>" not in page.text


async def test_a_page_loads_nothing_from_elsewhere_and_no_script_of_its_own(browse: Browse):
    async with browse() as browser:
        page = await browser.get("/")

    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert re.findall(r'(?:src|href)="https?:', page.text) == []


async def test_a_page_answers_head_as_get(browse: Browse):
    async with browse() as browser:
        answers = [await browser.request(method, "/services") for method in ("GET", "HEAD")]

    assert [answer.status_code for answer in answers] == [200, 200]
