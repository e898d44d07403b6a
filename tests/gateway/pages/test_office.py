"""What an officer does besides deciding: benefits, certificates, grievances, forwarding in bulk, her own views."""

import pytest
from lxml import html

from actions.certificates.issue import issue_certificate
from actions.feedback.grievances import RaiseGrievance, raise_grievance
from domain.feedback.grievances import GrievanceCategory
from domain.kernel import Bilingual, Officer, Posting, Role
from store.applications.application_rows import APPLICATIONS
from store.identity import people
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_citizen import summary
from tests.gateway.pages.test_desk import submit_for_many
from tests.gateway.pages.test_site import form_of
from tests.support.actions import FakeRenderer
from tests.support.graph import CITIZEN, World

COLLEAGUE = "01930000-0000-7000-8000-000000000401"


async def send(browser, address: str, form: str, **typed: str):
    """Fill in a form of a page and send it."""
    fields = form_of((await browser.get(address)).text, form) | {f"input.{name}": text for name, text in typed.items()}
    return await browser.post(address, data=fields)


async def benefit_page(world: World, browser) -> str:
    """The address of the pension of Asha, as the case leads to it."""
    case = await world.approve(await world.submit("ES90"))
    page = await browser.get(f"/desk/cases/{case.number}")
    return html.fromstring(page.text).cssselect('a[href^="/desk/benefit?"]')[0].get("href")


@pytest.mark.parametrize("path", ["voice", "benefits", "hearings", "claims", "figures", "leave", "find"])
@pytest.mark.parametrize("language", ["hi", "en"])
async def test_every_place_of_the_desk_is_linked_and_opens_in_both_languages(browse: Browse, path: str, language: str):
    async with browse("anita", language) as browser:
        desk = await browser.get("/desk")
        page = await browser.get(f"/desk/{path}")

    assert html.fromstring(desk.text).cssselect(f'a[href="/desk/{path}"]')
    assert page.status_code == 200


@pytest.mark.parametrize("path", ["overdue", "approvals", "awards"])
async def test_what_belongs_to_the_commission_and_to_finance_is_not_there_for_others(browse: Browse, path: str):
    async with browse("anita") as browser:
        page = await browser.get(f"/desk/{path}")

    assert page.status_code == 404


async def test_each_tile_of_the_desk_leads_to_the_applications_that_it_counts(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        desk = html.fromstring((await browser.get("/desk")).text)
        tiles = {one.get("href"): one for one in desk.cssselect(".tiles a") if "daysLeft" in one.get("href")}
        pages = [await browser.get(address) for address in tiles]

    assert list(tiles) == ["/desk?filter.daysLeft=LATER#queue"]
    assert all(f"/desk/cases/{application.number}" in page.text for page in pages)


async def test_a_tile_that_counts_nothing_near_leads_to_an_empty_list(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        page = await browser.get("/desk?filter.daysLeft=TODAY")

    assert f"/desk/cases/{application.number}" not in page.text


async def test_an_officer_keeps_a_view_of_her_queue_and_opens_it_again(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        await send(browser, "/desk?filter.services=ES09", "SaveDeskView", name="Income alone")
        desk = html.fromstring((await browser.get("/desk")).text)
        (address,) = [one.get("href") for one in desk.cssselect("p.links a") if one.text == "Income alone"]
        page = await browser.get(address)

    assert address == "/desk?filter.services=ES09#queue"
    assert f"/desk/cases/{application.number}" in page.text


async def test_an_officer_renames_a_view(browse: Browse):
    async with browse("anita") as browser:
        await send(browser, "/desk/figures", "SaveDeskView", name="Old", groupBy="SERVICE")
        await send(browser, "/desk/figures", "RenameDeskView", name="Old", newName="New")
        page = await browser.get("/desk/figures")

    assert "<strong>New</strong>" in page.text


async def test_an_officer_forwards_marked_cases_together(world: World, browse: Browse):
    handed_in = await submit_for_many(world, 2)
    async with world.environment.store.write_transaction() as tx:
        post = Posting(Role.OFFICER, "revenue-department", "49")
        name, title = Bilingual(None, "Bina"), Bilingual("नायब तहसीलदार", "Naib Tehsildar")
        await people.add_officer(tx, Officer(COLLEAGUE, name, title, "bina@officer.example", (post,)))

    async with browse("anita") as browser:
        queue = html.fromstring((await browser.get("/desk?marked=all")).text)
        marked = [one.get("value") for one in queue.cssselect("input[name=cases][checked]")]
        page = await browser.get("/desk/together", params={"cases": marked})
        link = form_of(page.text, "ClaimCases")["input.applicationIds"]
        asked = {"cases": marked, "applicationId": link if isinstance(link, str) else link[0]}
        page = await browser.get("/desk/together/forward", params=asked)
        target = html.fromstring(page.text).cssselect("select option[value]:not([value=''])")[0].get("value")
        fields = form_of(page.text, "ForwardCases") | {
            "input.applicationIds": marked,
            "input.officerId": target,
            "input.reason": "On tour.",
        }
        done = await browser.post(str(page.url), data=fields)

    assert done.headers["location"] == "/desk?done=ForwardCases"
    async with world.environment.store.read_transaction() as tx:
        assert {(await APPLICATIONS.get(tx, one.id)).officer_id for one in handed_in} == {COLLEAGUE}


async def test_an_officer_suspends_a_benefit_and_pays_it_again(world: World, browse: Browse):
    async with browse("anita") as browser:
        address = await benefit_page(world, browser)
        await send(browser, address, "SuspendDeskBenefit", ground="ENQUIRY_PENDING")
        held = await browser.get(address)
        await send(browser, address, "ResumeDeskBenefit", ground="ENQUIRY_CLEARED", arrears="true")
        paying = await browser.get(address)

    assert 'id="resume"' in held.text
    assert 'id="suspend"' in paying.text


async def test_an_officer_ends_a_benefit_after_a_death(world: World, browse: Browse):
    async with browse("anita") as browser:
        address = await benefit_page(world, browser)
        done = await send(browser, address, "EndDeskBenefit", ground="DEATH", lastDay="2026-11-24")
        assert done.status_code == 303, summary(done)
        page = await browser.get(done.headers["location"])

    assert "The benefit is ended." in page.text
    assert 'id="end"' not in page.text


async def test_a_benefit_is_ended_only_with_its_last_day(world: World, browse: Browse):
    async with browse("anita") as browser:
        address = await benefit_page(world, browser)
        page = await send(browser, address, "EndDeskBenefit", ground="DEATH", lastDay="")

    assert page.status_code == 422


async def test_no_two_elements_of_a_benefit_have_the_same_id(world: World, browse: Browse):
    async with browse("anita") as browser:
        page = await browser.get(await benefit_page(world, browser))

    ids = html.fromstring(page.text).xpath("//@id")
    assert len(ids) == len(set(ids))


@pytest.fixture
async def issued(world: World) -> str:
    """The address of the certificate of a case."""
    application = await world.approve(await world.submit())
    assert await issue_certificate(world.environment, application.id, FakeRenderer())
    return f"/desk/cases/{application.number}/certificate"


async def test_an_officer_revokes_a_certificate(browse: Browse, issued: str):
    async with browse("anita") as browser:
        case = await browser.get(issued.removesuffix("/certificate"))
        await send(browser, issued, "RevokeDeskCertificate", ground="FORGED_PAPERS", reason="The paper was forged.")
        page = await browser.get(issued)

    assert f'href="{issued}"' in case.text
    assert "The paper was forged." in page.text


async def test_an_officer_has_a_certificate_issued_anew_with_what_was_wrong_put_right(browse: Browse, issued: str):
    typed = {"ground": "CLERICAL_ERROR", "reason": "Mistyped.", "facts.village": "Rampur"}

    async with browse("anita") as browser:
        done = await send(browser, issued, "CorrectDeskCertificate", **typed)

    assert done.status_code == 303


async def test_an_officer_answers_a_grievance(world: World, browse: Browse):
    application = await world.submit()
    complaint = RaiseGrievance(application.id, GrievanceCategory.DELAY, "Slow.", "g")
    await raise_grievance(world.environment, CITIZEN, complaint)

    async with browse("anita") as browser:
        voice = html.fromstring((await browser.get("/desk/voice")).text)
        address = voice.cssselect("ul.cards h3 a")[0].get("href")
        done = await send(browser, address, "ReplyDeskGrievance", text="It is decided this week.")
        page = await browser.get(f"{address}&states=ANSWERED")

    assert done.headers["location"] == "/desk/voice?done=ReplyDeskGrievance"
    assert "It is decided this week." in page.text


async def test_a_paper_that_is_disputed_needs_a_number_that_is_there(browse: Browse):
    async with browse("anita") as browser:
        page = await send(browser, "/desk/claims", "DisputeDeskPaper", number="22612345678902")

    assert page.status_code == 422
    assert html.fromstring(page.text).cssselect(".summary li")
    assert summary(page) == []
