"""The desk of an officer: she decides, alone and many at once, by pages alone."""

from dataclasses import replace
from datetime import date

from lxml import html

from actions.applications.decide import Decide, Verdict, decide_application
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import Status
from domain.kernel import Bilingual, Officer, PersonKind, Provider, TypeCode
from domain.officers.staff import Leave
from schema.kernel import node_id
from store.applications.application_rows import APPLICATIONS
from store.identity import identities, people
from store.identity.identities import LockerTokens
from store.officers import leave as leaves
from tests.gateway.pages.conftest import AUTHORITY, Browse
from tests.gateway.pages.test_citizen import picture
from tests.gateway.pages.test_site import form_of
from tests.support.graph import ANITA, ASHA, CITIZEN, FARAWAY, NOW, OFFICER, World
from tests.support.operations import operation


async def submit_for_many(world: World, count: int) -> list[Application]:
    """Hand in an application of each of so many citizens."""
    handed_in = []
    for number in range(count):
        key = f"01930000-0000-7000-8000-0000000010{number:02d}"
        async with world.environment.store.write_transaction() as tx:
            asha = (await people.citizens(tx, [ASHA]))[ASHA]
            name = Bilingual(f"नागरिक {number}", f"Citizen {number}")
            await people.add_citizen(tx, replace(asha, id=key, name=name, mobile=f"98000100{number:02d}"))
            identity = f"DL-{number}"
            await identities.add_identity(tx, Provider.MERI_PEHCHAAN, identity, PersonKind.CITIZEN, key, NOW, "HIGH")
            tokens = LockerTokens("access", "refresh", NOW.replace(year=2027), "files", None, f"locker-{number}")
            await identities.save_locker_grant(tx, key, tokens, NOW)
        handed_in.append(await world.submit(subject=replace(CITIZEN, person_id=key)))
    return handed_in


async def status_of(world: World, application: Application) -> Status:
    async with world.environment.store.read_transaction() as tx:
        kept = await APPLICATIONS.get(tx, application.id)
    return kept.status


async def test_the_queue_leads_to_each_case(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        page = await browser.get("/desk")

    assert page.status_code == 200
    assert f'href="/desk/cases/{application.number}"' in page.text


async def test_the_queue_is_in_hindi(world: World, browse: Browse):
    await world.submit()

    async with browse("anita", language="hi") as browser:
        page = await browser.get("/desk")

    assert "प्रतीक्षा सूची" in page.text


async def test_a_filter_of_the_queue_stands_in_its_address(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        page = await browser.get("/desk?filter.claimedBy=ME")

    assert application.number not in page.text
    assert "No application matches" in page.text


async def test_the_desk_is_refused_to_a_citizen(browse: Browse):
    async with browse("asha") as browser:
        page = await browser.get("/desk")

    assert page.status_code == 403


async def test_a_case_shows_form_papers_clock_and_history_on_one_page(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        page = await browser.get(f"/desk/cases/{application.number}")

    shown = html.fromstring(page.text)
    assert {"form", "papers", "clock", "history", "drawn", "decide"} <= {one.get("id") for one in shown.iter("h2")}
    assert "Asha Negi" in page.text


async def test_every_field_of_a_case_has_an_id_of_its_own(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        page = await browser.get(f"/desk/cases/{application.number}")

    ids = html.fromstring(page.text).xpath("//@id")
    assert len(ids) == len(set(ids))


async def test_an_officer_decides_a_case_by_hand(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        address = f"/desk/cases/{application.number}"
        form = form_of((await browser.get(address)).text, "DecideCase")
        done = await browser.post(address, data={**form, "input.verdict": "APPROVE"})
        page = await browser.get(done.headers["location"])

    assert "The decision is recorded." in page.text
    assert await status_of(world, application) is Status.APPROVED


async def test_a_rejection_without_a_ground_is_refused_at_the_ground_alone(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        address = f"/desk/cases/{application.number}"
        form = form_of((await browser.get(address)).text, "DecideCase")
        page = await browser.post(address, data={**form, "input.verdict": "REJECT", "input.reason": "Not here"})

    shown = html.fromstring(page.text)
    assert page.status_code == 422
    assert shown.get_element_by_id("q-ground").get("aria-invalid") == "true"
    assert shown.get_element_by_id("q-reason").text.strip() == "Not here"
    assert [one.get("name") for one in shown.cssselect("[aria-invalid]")] == ["input.ground"]


async def test_what_was_typed_in_one_form_does_not_stand_in_another(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        address = f"/desk/cases/{application.number}"
        form = form_of((await browser.get(address)).text, "AskCaseClearance")
        page = await browser.post(address, data={**form, "input.question": "Is the land forest?"})

    typed = [one.get("name") for one in html.fromstring(page.text).iter("textarea") if (one.text or "").strip()]
    assert typed == ["input.question"]


async def test_papers_that_were_ticked_are_still_ticked_where_the_form_is_refused(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        address = f"/desk/cases/{application.number}"
        page = await browser.get(address)
        papers = html.fromstring(page.text).xpath("//input[@name='input.documents']/@value")
        form = {
            **form_of(page.text, "DecideCase"),
            "input.verdict": "RAISE_QUERY",
            "input.documents": [*papers, "another"],
        }
        refused = await browser.post(address, data=form)

    ticked = html.fromstring(refused.text).xpath("//input[@name='input.documents'][@checked]/@value")
    assert (refused.status_code, ticked) == (422, papers)
    assert papers


async def test_an_authority_of_appeal_is_offered_no_decision_on_a_case_that_another_officer_holds(
    world: World, browse: Browse
):
    application = await world.submit()

    async with browse("meera") as browser:
        page = await browser.get(f"/desk/cases/{application.number}")

    assert page.status_code == 200
    assert 'value="DecideCase"' not in page.text


async def test_an_officer_raises_a_query(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        address = f"/desk/cases/{application.number}"
        form = form_of((await browser.get(address)).text, "DecideCase")
        asked = {"input.verdict": "RAISE_QUERY", "input.ground": "FORM_INCOMPLETE", "input.reason": "Which year?"}
        await browser.post(address, data={**form, **asked})

    assert await status_of(world, application) is Status.QUERY_RAISED


async def test_an_officer_has_a_field_visit_made_and_reports_it_with_a_photograph(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        address = f"/desk/cases/{application.number}"
        form = form_of((await browser.get(address)).text, "DecideCase")
        await browser.post(address, data={**form, "input.verdict": "SEND_FOR_VERIFICATION"})
        fields = form_of((await browser.get(address)).text, "ReportCaseVisit") | {
            "input.text": "The house stands as stated."
        }
        controls = [fields.pop(name) for name in list(fields) if name.startswith("input.photoIds")]
        photograph = {"input.photoIds.0": ("house.png", picture(), "image/png")}
        done = await browser.post(address, data=fields, files=photograph)
        page = await browser.get(done.headers["location"])

    assert len(controls) > 1
    assert "The house stands as stated." in page.text
    assert "Photograph 1" in html.fromstring(page.text).get_element_by_id("visits").getnext().text_content()


async def test_an_officer_takes_a_case_and_puts_it_back(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        address = f"/desk/cases/{application.number}"
        await browser.post(address, data=form_of((await browser.get(address)).text, "ClaimCase"))
        await browser.post(address, data=form_of((await browser.get(address)).text, "ReleaseCase"))
        page = await browser.get(address)

    assert form_of(page.text, "ClaimCase")


async def test_an_officer_asks_another_department_for_its_clearance(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        address = f"/desk/cases/{application.number}"
        form = form_of((await browser.get(address)).text, "AskCaseClearance")
        asked = {"input.departments": "social-welfare", "input.question": "Does she draw a pension?"}
        done = await browser.post(address, data={**form, **asked})
        page = await browser.get(done.headers["location"])

    assert "Does she draw a pension?" in page.text


async def test_a_case_is_found_by_its_number(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        page = await browser.get(f"/desk/find?number={application.number}")

    assert f'href="/desk/cases/{application.number}"' in page.text


async def test_a_number_that_does_not_exist_is_told_on_the_page_of_the_search(browse: Browse):
    async with browse("anita") as browser:
        page = await browser.get("/desk/find?number=1")

    assert page.status_code == 200
    assert html.fromstring(page.text).cssselect("p.bad[role=status]")[0].text_content().strip()


async def test_all_cases_of_a_page_are_marked_without_a_script(world: World, browse: Browse):
    await world.submit()

    async with browse("anita") as browser:
        page = await browser.get("/desk?marked=all")

    assert html.fromstring(page.text).cssselect("input[name=cases]")[0].get("checked") is not None


async def test_no_marked_case_leads_back_to_the_queue(browse: Browse):
    async with browse("anita") as browser:
        page = await browser.get("/desk/together")

    assert page.status_code == 200
    assert 'href="/desk#queue"' in page.text


async def test_an_officer_decides_fifty_cases_at_once(world: World, browse: Browse):
    handed_in = await submit_for_many(world, 50)

    async with browse("anita") as browser:
        queue = html.fromstring((await browser.get("/desk?first=50&marked=all")).text)
        marked = [one.get("value") for one in queue.cssselect("input[name=cases][checked]")]
        page = await browser.get("/desk/together", params={"cases": marked})
        form = form_of(page.text, "DecideCases")
        done = await browser.post(str(page.url), data={**form, "input.verdict": "APPROVE"})
        page = await browser.get(done.headers["location"])

    assert "50 are done, 0 can still be decided." in page.text
    assert {await status_of(world, one) for one in handed_in} == {Status.APPROVED}


async def test_of_cases_decided_together_one_that_changed_meanwhile_is_told_and_the_rest_is_done(
    world: World, browse: Browse
):
    first, second = await submit_for_many(world, 2)

    async with browse("anita") as browser:
        queue = html.fromstring((await browser.get("/desk?marked=all")).text)
        marked = [one.get("value") for one in queue.cssselect("input[name=cases][checked]")]
        page = await browser.get("/desk/together", params={"cases": marked})
        await world.approve(first)
        answer = await browser.post(
            str(page.url), data={**form_of(page.text, "DecideCases"), "input.verdict": "APPROVE"}
        )

    assert answer.status_code == 422
    assert "Changed in the meantime; not done" in answer.text
    assert "Nothing was changed" not in answer.text
    assert await status_of(world, second) is Status.APPROVED


async def test_an_officer_answers_the_clearance_that_another_department_asks(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        address = f"/desk/cases/{application.number}"
        form = form_of((await browser.get(address)).text, "AskCaseClearance")
        await browser.post(
            address, data={**form, "input.departments": "social-welfare", "input.question": "A pension?"}
        )
        listed = html.fromstring((await browser.get("/desk/clearances")).text)
        one = listed.cssselect("ul.cards h2 a")[0].get("href")
        form = form_of((await browser.get(one)).text, "AnswerDeskClearance")
        done = await browser.post(one, data={**form, "input.granted": "true", "input.text": "She draws none."})
        page = await browser.get(address)

    assert done.headers["location"] == "/desk/clearances?done=AnswerDeskClearance"
    assert "She draws none." in page.text


async def test_something_else_than_a_clearance_is_not_found_where_one_is_answered(browse: Browse, world: World):
    application = await world.submit()

    async with browse("anita") as browser:
        page = await browser.get("/desk/clearance", params={"id": node_id(TypeCode.APPLICATION, application.id)})

    assert page.status_code == 404


async def test_an_officer_reads_her_leaves(world: World, browse: Browse):
    leave = Leave("leave-1", ANITA, None, date(2026, 12, 7), date(2026, 12, 8), FARAWAY, NOW)
    async with world.environment.store.write_transaction() as tx:
        await leaves.add(tx, leave)

    async with browse("anita") as browser:
        page = await browser.get("/desk/leave")

    assert "07-12-2026 – 08-12-2026" in page.text


async def test_a_tile_leads_to_the_applications_behind_it(world: World, browse: Browse):
    application = await world.submit()

    async with browse("anita") as browser:
        figures = html.fromstring((await browser.get("/desk/figures")).text)
        behind = [one.get("href") for one in figures.cssselect(".tiles a") if "list=PENDING" in one.get("href")]
        page = await browser.get(behind[0])

    assert application.number in page.text


async def test_an_officer_saves_a_view_of_the_statistics_and_deletes_it(browse: Browse):
    async with browse("anita") as browser:
        form = form_of((await browser.get("/desk/figures")).text, "SaveDeskView")
        kept = {"input.name": "My district", "input.district": "49", "input.groupBy": "SERVICE"}
        await browser.post("/desk/figures", data={**form, **kept})
        page = await browser.get("/desk/figures")
        assert 'href="/figures/statistics.csv?by=service&amp;district=49"' in page.text
        await browser.post("/desk/figures", data=form_of(page.text, "DeleteDeskView"))
        page = await browser.get("/desk/figures")

    assert "You have saved no view." in page.text


async def appeal_against_a_refusal(world: World) -> str:
    """The number of Asha's appeal, which is with the first authority."""
    async with world.environment.store.write_transaction() as tx:
        name, post = Bilingual(None, "Meera"), Bilingual("उपजिलाधिकारी", "SDM")
        await people.add_officer(tx, Officer(AUTHORITY.person_id, name, post, "meera@x.example", AUTHORITY.postings))
    application = await world.submit()
    rejection = Decide(application.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="No.")
    await decide_application(world.environment, OFFICER, rejection)
    given = {"applicationId": node_id(TypeCode.APPLICATION, application.id), "text": "I am.", "idempotencyKey": "a"}
    filed = (await world.ask(operation("citizen_app/file_appeal"), CITIZEN, input=given))["data"]["fileAppeal"]
    number: str = filed["appeal"]["number"]
    return number


async def test_an_appellate_authority_hears_an_appeal_and_orders_the_service(world: World, browse: Browse):
    number = await appeal_against_a_refusal(world)

    async with browse("meera") as browser:
        address = html.fromstring((await browser.get("/desk/appeals")).text).cssselect("ul.cards h2 a")[0].get("href")
        form = form_of((await browser.get(address)).text, "FixDeskHearing")
        await browser.post(address, data={**form, "input.at": "2026-12-01T11:00", "input.place": "Collectorate"})
        page = await browser.get(address)
        assert "01-12-2026 11:00, Collectorate" in page.text
        order = {"input.verdict": "DIRECT", "input.text": "Decide anew.", "input.directUntilOn": "2026-12-03"}
        done = await browser.post(address, data={**form_of(page.text, "DecideDeskAppeal"), **order})
        page = await browser.get(done.headers["location"])

    assert address == f"/desk/appeals/{number}"
    assert "Decide anew." in page.text


async def test_a_first_authority_is_offered_no_penalty_which_it_cannot_impose(world: World, browse: Browse):
    number = await appeal_against_a_refusal(world)

    async with browse("meera") as browser:
        form = form_of((await browser.get(f"/desk/appeals/{number}")).text, "DecideDeskAppeal")

    assert [name for name in form if name.startswith(("input.penalty", "input.compensation"))] == []


async def test_the_page_of_a_dismissed_appeal_leads_the_citizen_to_the_next_authority(world: World, browse: Browse):
    number = await appeal_against_a_refusal(world)
    async with browse("meera") as browser:
        form = form_of((await browser.get(f"/desk/appeals/{number}")).text, "DecideDeskAppeal")
        order = {"input.verdict": "DISMISS", "input.text": "Not eligible.", "input.directUntilOn": ""}
        await browser.post(f"/desk/appeals/{number}", data={**form, **order})

    async with browse("asha") as browser:
        page = html.fromstring((await browser.get(f"/my/appeals/{number}")).text)
        address = page.cssselect("main a.button")[0].get("href")
        fields = form_of((await browser.get(address)).text, "FileMyAppeal")
        done = await browser.post(address, data={**fields, "input.text": "I am eligible."})
        second = await browser.get(done.headers["location"])
        first = await browser.get(f"/my/appeals/{number}")

    assert "I am eligible." in second.text
    assert "Appeal to the next authority" not in second.text + first.text
