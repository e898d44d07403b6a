"""The pages of finance officers and administrators: they settle cases of money and answer orders by pages alone."""

import re
from dataclasses import replace

import pytest
from lxml import html

from actions.kernel import UnitOfWork
from actions.officers.staffing import TransferOfficer, transfer_officer
from actions.reconciliation.finance_cases import open_case
from domain.kernel import SYSTEM, Bilingual, Officer, PersonKind, Posting, Role, Subject
from domain.reconciliation.finance_cases import CaseState, DifferenceKind, FinanceDifference
from store.identity import people
from store.reconciliation import finance_cases
from tests.gateway.pages import conftest
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_site import form_of
from tests.schema.test_query import pay
from tests.support.graph import OFFICER, World

LARGE = 1_500_000
"""Paise; above it a second officer must agree."""


@pytest.fixture
async def powers(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world with officers: finance, colleague, two administrators, admin and second, bina and an auditor."""
    posted = {
        "finance": Posting(Role.FINANCE_OFFICER, "social-welfare", "49"),
        "colleague": Posting(Role.FINANCE_OFFICER, "social-welfare", None),
        "admin": Posting(Role.ADMIN),
        "second": Posting(Role.ADMIN),
        "bina": Posting(Role.OFFICER, "forest-department"),
        "auditor": Posting(Role.AUDITOR),
    }
    async with world.environment.store.write_transaction() as tx:
        for number, (name, posting) in enumerate(posted.items()):
            key = f"01930000-0000-7000-8000-00000000030{number}"
            title = Bilingual("अधिकारी", "Officer")
            officer = Officer(key, Bilingual(None, name.title()), title, f"{name}@officer.example", (posting,))
            await people.add_officer(tx, officer)
            subject = Subject(frozenset({posting.role}), PersonKind.OFFICER, key, (posting,))
            monkeypatch.setitem(conftest.PEOPLE, name, subject)
    return world


async def found(world: World, amount: int = 150_000, about: str = "payment:1") -> str:
    """The id of a case that reconciliation opened."""
    difference = FinanceDifference(
        DifferenceKind.AMOUNT_DIFFERS,
        about,
        department="social-welfare",
        district="49",
        amount_paise=amount,
        expected=str(amount),
        found="100000",
    )
    async with world.environment.store.write_transaction() as tx:
        case_id = await open_case(UnitOfWork(world.environment, tx, SYSTEM), difference)
    assert case_id is not None
    return case_id


async def state_of(world: World, case_id: str) -> CaseState:
    async with world.environment.store.read_transaction() as tx:
        case = await finance_cases.get(tx, case_id)
    assert case is not None
    return case.state


async def post(browser, address: str, form: str, **typed: str):
    """Fill in a form of a page and send it."""
    fields = form_of((await browser.get(address)).text, form)
    return await browser.post(address, data=fields | {f"input.{name}": text for name, text in typed.items()})


async def test_cases_are_listed_with_rupees_and_lead_to_their_page(powers: World, browse: Browse):
    case_id = await found(powers)

    async with browse("finance") as browser:
        page = await browser.get("/finance")

    assert f'href="/finance/cases/{case_id}"' in page.text
    assert "₹1,500" in page.text


async def test_an_empty_list_of_cases_says_when_one_is_opened(powers: World, browse: Browse):
    async with browse("finance") as browser:
        page = await browser.get("/finance?filter.states=SETTLED")

    assert "Reconciliation opens a case when" in page.text


async def test_a_filter_that_is_left_empty_gives_the_cases_that_are_not_settled(powers: World, browse: Browse):
    case_id = await found(powers)

    async with browse("finance") as browser:
        page = await browser.get("/finance?filter.states=&filter.kinds=&filter.district=")

    assert f'href="/finance/cases/{case_id}"' in page.text


async def test_the_pages_of_money_are_not_there_for_an_officer_who_pays_nothing(powers: World, browse: Browse):
    async with browse("anita") as browser:
        statuses = {(await browser.get(address)).status_code for address in ("/finance", "/finance/payments", "/staff")}

    assert statuses == {404}


async def test_a_finance_officer_resolves_a_case_by_pages_alone(powers: World, browse: Browse):
    case_id = await found(powers)

    async with browse("finance") as browser:
        (address,) = re.findall(r'href="(/finance/cases/[^"]+)"', (await browser.get("/finance")).text)
        await post(browser, address, "TakeMoneyCase")
        await post(browser, address, "NoteMoneyCase", note="Rang the bank.")
        done = await post(browser, address, "SettleMoneyCase", outcome="CORRECTED_AT_PARTNER", note="Letter 12.")
        page = await browser.get(done.headers["location"])

    assert await state_of(powers, case_id) is CaseState.SETTLED
    assert "The outcome is recorded." in page.text
    assert [text for text in ("Rang the bank.", "Letter 12.") if text in page.text] == ["Rang the bank.", "Letter 12."]


@pytest.mark.parametrize(("accept", "state"), [("true", CaseState.SETTLED), ("false", CaseState.TAKEN)])
async def test_a_second_finance_officer_answers_what_was_proposed(powers, browse, accept, state):
    case_id = await found(powers, LARGE)
    address = f"/finance/cases/{case_id}"

    async with browse("finance") as browser:
        await post(browser, address, "TakeMoneyCase")
        await post(browser, address, "SettleMoneyCase", outcome="RECOVERED", note="Challan 77.")
    async with browse("colleague") as browser:
        await post(browser, address, "AnswerMoneyCase", accept=accept, note="Seen.")

    assert await state_of(powers, case_id) is state


async def test_giving_a_case_back_without_a_note_is_refused_at_the_note(powers: World, browse: Browse):
    address = f"/finance/cases/{await found(powers, LARGE)}"

    async with browse("finance") as browser:
        await post(browser, address, "TakeMoneyCase")
        await post(browser, address, "SettleMoneyCase", outcome="RECOVERED", note="Challan 77.")
    async with browse("colleague") as browser:
        page = await post(browser, address, "AnswerMoneyCase", accept="false")

    assert page.status_code == 422
    assert html.fromstring(page.text).get_element_by_id("q-note").get("aria-invalid") == "true"


async def test_no_two_elements_of_a_case_have_the_same_id(powers: World, browse: Browse):
    address = f"/finance/cases/{await found(powers)}"

    async with browse("finance") as browser:
        await post(browser, address, "TakeMoneyCase")
        page = await browser.get(address)

    ids = html.fromstring(page.text).xpath("//@id")
    assert len(ids) == len(set(ids))


async def test_the_difference_of_an_amount_is_told_in_rupees(powers: World, browse: Browse):
    address = f"/finance/cases/{await found(powers)}"

    async with browse("finance") as browser:
        page = await browser.get(address)

    shown = [one.text_content() for one in html.fromstring(page.text).cssselect("dl.facts dd")]
    assert {"₹1,500", "₹1,000"} <= set(shown)


async def test_payments_that_wait_are_listed_in_hindi(powers: World, browse: Browse):
    await pay(powers)

    async with browse("finance", language="hi") as browser:
        page = await browser.get("/finance/payments?queue=IN_FLIGHT")

    row = html.fromstring(page.text).cssselect("tbody tr")[0].text_content()
    assert ("₹1,500" in row, "वापस आने का कारण" in page.text) == (True, True)


async def test_a_payment_in_the_list_leads_the_finance_officer_to_its_benefit(powers: World, browse: Browse):
    await pay(powers)

    async with browse("finance") as browser:
        page = await browser.get("/finance/payments?queue=IN_FLIGHT")
        links = html.fromstring(page.text).cssselect("tbody tr a")
        benefit = await browser.get(links[0].get("href"))

    assert links[0].text_content().partition("/")[0] in benefit.text


@pytest.mark.parametrize(("confirm", "moves"), [("true", True), ("false", False)])
async def test_an_administrator_answers_a_transfer_that_another_one_ordered(powers, browse, confirm, moves):
    env = powers.environment
    order = TransferOfficer(OFFICER.person_id, "order", conftest.PEOPLE["bina"].person_id)
    await transfer_officer(env, conftest.PEOPLE["admin"], order)

    async with browse("second") as browser:
        done = await post(browser, "/staff", "AnswerTransfer", confirm=confirm)
        page = await browser.get(done.headers["location"])

    async with env.store.read_transaction() as tx:
        left = (await people.officers(tx, [OFFICER.person_id]))[OFFICER.person_id].postings
    assert "No transfer waits." in page.text
    assert (not left) is moves


async def test_an_administrator_cannot_confirm_her_own_order(powers: World, browse: Browse):
    order = TransferOfficer(OFFICER.person_id, "order", conftest.PEOPLE["bina"].person_id)
    await transfer_officer(powers.environment, conftest.PEOPLE["admin"], order)

    async with browse("admin") as browser:
        page = await post(browser, "/staff", "AnswerTransfer", confirm="true")

    assert page.status_code == 422


@pytest.mark.parametrize(("person", "way"), [("finance", "/finance"), ("admin", "/staff")])
async def test_the_desk_leads_to_what_its_officer_may_open(powers: World, browse: Browse, person, way):
    async with browse(person) as browser:
        page = await browser.get("/desk")

    assert f'href="{way}"' in page.text


async def test_the_only_administrator_enters_the_second_on_a_page_that_shows_the_link(powers: World, browse: Browse):
    async with powers.environment.store.write_transaction() as tx:
        second = (await people.officer_by_email(tx, "second@officer.example")) or pytest.fail("nobody")
        await people.update_officer(tx, replace(second, postings=()))

    async with browse("admin") as browser:
        done = await post(browser, "/staff", "EnterAdministrator", name="Chitra", email="chitra@uk.gov.example")
        page = await browser.get(done.headers["location"])

    assert "The administrator is entered." in page.text
    assert "/sign-in/start/parichay?invitation=" in page.text


async def test_a_joiner_is_proposed_on_a_page_and_another_administrator_confirms_her_there(powers, browse: Browse):
    post_of_joiner = {"role": "AUDITOR", "change": "JOIN", "nameEn": "Deepa", "designationEn": "Auditor"}
    fields = {f"rows.0.{name}": text for name, text in post_of_joiner.items()}

    async with browse("admin") as browser:
        proposed = await post(
            browser, "/staff/changes", "ProposeStaffChange", **fields, **{"rows.0.email": "deepa@uk.gov.example"}
        )
    async with browse("second") as browser:
        done = await post(browser, "/staff/changes", "AnswerStaffBatch", confirm="true")

    assert proposed.status_code == done.status_code == 303
    async with powers.environment.store.read_transaction() as tx:
        deepa = await people.officer_by_email(tx, "deepa@uk.gov.example")
    assert deepa is not None
    assert deepa.postings == (Posting(Role.AUDITOR),)


async def test_an_administrator_reads_which_posts_nobody_fills_and_who_answers_meanwhile(powers, browse: Browse):
    async with browse("admin") as browser:
        page = await browser.get("/staff/gaps")

    facts = [" ".join(one.text_content().split()) for one in html.fromstring(page.text).cssselect("main li")]
    assert page.status_code == 200
    assert any("Revenue" in one and "First appellate" in one and "Nobody" in one for one in facts), facts


async def test_the_page_of_gaps_is_led_to_from_the_pages_of_administrators(powers, browse: Browse):
    async with browse("admin") as browser:
        page = await browser.get("/staff")

    assert 'href="/staff/gaps"' in page.text


async def test_a_wrong_cell_of_a_proposed_change_is_told_at_its_field(powers: World, browse: Browse):
    fields = {"rows.0.change": "JOIN", "rows.0.email": "nobody"}

    async with browse("admin") as browser:
        page = await post(browser, "/staff/changes", "ProposeStaffChange", **fields)

    assert page.status_code == 422
    assert "This cell is empty. Fill it in." in page.text or "This is no official e-mail address." in page.text
