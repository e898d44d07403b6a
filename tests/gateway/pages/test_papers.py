"""Citizens by pages: papers of departments, files in DigiLocker, another bank account after a payment came back."""

import pytest
from lxml import html

from domain.benefits.benefits import PaymentStatus
from domain.kernel import TypeCode
from schema.kernel import node_id
from store.benefits import benefits
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_powers import post
from tests.schema.test_query import pay
from tests.support.graph import CITIZEN, NOW, World
from tests.support.stored import record_payment_status

RATION = "/my/documents?publisher=onorc&doctype=RATCR"


@pytest.fixture
async def benefit(world: World) -> str:
    """The address of a benefit whose first payment came back."""
    await pay(world)
    async with world.environment.store.write_transaction() as tx:
        (sanction,) = await benefits.sanctions_of_citizen(tx, CITIZEN.person_id)
        first = (await benefits.instalments(tx, [sanction.id]))[sanction.id][0]
        await record_payment_status(tx, first.id, PaymentStatus.RETURNED, NOW)
    return f"/my/benefits/{node_id(TypeCode.BENEFIT, sanction.id)}"


async def test_a_paper_of_a_department_is_named_and_removed(world: World, browse: Browse):
    async with browse("asha") as browser:
        added = await post(browser, RATION, "AddMyDocument", **{"parameters.CardNumber": "054623423639"})
        listed = await browser.get(added.headers["location"])
        removed = await post(browser, "/my/documents", "RemoveMyDocument")
        empty = await browser.get(removed.headers["location"])

    assert html.fromstring(listed.text).cssselect("ul.cards h2")
    assert html.fromstring(empty.text).cssselect("ul.cards h2") == []


async def test_a_paper_without_what_finds_it_is_refused_at_its_field(world: World, browse: Browse):
    async with browse("asha") as browser:
        page = await post(browser, RATION, "AddMyDocument", **{"parameters.CardNumber": ""})

    assert page.status_code == 422
    assert html.fromstring(page.text).cssselect(".summary li")


@pytest.mark.parametrize("language", ["hi", "en"])
@pytest.mark.parametrize("place", ["", "/issuers", "/issuers/in.gov.uidai", "/issuers/in.gov.uidai/ADHAR"])
async def test_every_page_of_the_locker_opens_in_both_languages(
    world: World, browse: Browse, language: str, place: str
):
    async with browse("asha", language) as browser:
        page = await browser.get(f"/my/locker{place}")

    assert page.status_code == 200


async def test_a_document_is_asked_for_and_leads_back_to_the_locker(world: World, browse: Browse):
    async with browse("asha") as browser:
        done = await post(browser, "/my/locker/issuers/in.gov.uidai/ADHAR", "PullMyDocument", **{"parameters.UID": "1"})
        assert done.status_code == 303, html.fromstring(done.text).cssselect(".summary")[0].text_content()
        page = await browser.get(done.headers["location"])

    assert html.fromstring(page.text).cssselect("#orders + ul strong")


async def test_a_file_that_is_not_chosen_is_told_before_anything_goes_to_the_locker(world: World, browse: Browse):
    async with browse("asha") as browser:
        page = await post(browser, "/my/locker", "PutIntoMyLocker", path="Certificates/income.pdf")

    assert page.status_code == 422
    assert "Certificates/income.pdf" in page.text


async def test_another_account_is_given_after_a_payment_came_back(benefit: str, browse: Browse):
    async with browse("asha") as browser:
        done = await post(browser, benefit, "CorrectMyAccount", accountNumber="012345678901", ifsc="SBIN0001234")
        page = await browser.get(done.headers["location"])

    assert done.status_code == 303
    assert "8901" in page.text
    assert "012345678901" not in page.text


async def test_an_account_that_is_none_is_told_at_its_field(benefit: str, browse: Browse):
    async with browse("asha") as browser:
        page = await post(browser, benefit, "CorrectMyAccount", accountNumber="12", ifsc="SBIN0001234")

    assert page.status_code == 422
    assert [one.get("name") for one in html.fromstring(page.text).cssselect("[aria-invalid=true]")] == [
        "input.accountNumber"
    ]
