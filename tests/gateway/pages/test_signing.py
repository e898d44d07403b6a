"""Officers who sign certificates by pages alone: a token is enrolled and confirmed, a batch prepared and handed in.

What the page's script does with the bridge is done here by hand: tests/browser/test_signing.py runs the script.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from lxml import html

from domain.applications.applications import Application
from domain.certificates.officer_signatures import MOST_IN_PART
from domain.kernel import ManualClock
from gateway.documents.officer_signer import OfficerSigner
from gateway.worker.deliveries import Deliveries
from gateway.worker.topics import handlers
from sandbox.city.kit import Sandbox
from store.certificates import certificates
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_powers import post, powers  # noqa: F401 - a fixture
from tests.gateway.pages.test_site import form_of
from tests.support.graph import World
from tests.support.signing import ask_bridge, let_officers_sign, trusting

pytestmark = pytest.mark.usefixtures("powers")

BRIDGE, BEING_SIGNED = "http://127.0.0.1:27110", "Decided, being signed"
FACTORS = {"by.secondFactor.bornOn": "1984-03-14"}


@dataclass(frozen=True)
class SigningWorld(World):
    """The world with certifying authorities and a token behind the bridge's wire."""

    sandbox: Sandbox
    renderer: OfficerSigner

    async def work(self) -> None:
        """What the worker does with the outbox."""
        await Deliveries(self.environment, handlers(self.renderer), asyncio.Event()).deliver_due()

    async def decided(self) -> Application:
        """An application whose certificate waits for Anita's signature."""
        application = await self.approve(await self.submit())
        await self.work()
        return application


@pytest.fixture
async def world(world: World, store_clock: ManualClock, tmp_path: Path) -> SigningWorld:
    """Officers sign income certificates here."""
    env, sandbox, _ = trusting(world.environment, store_clock, tmp_path)
    await let_officers_sign(env.store, "ES09")
    renderer = OfficerSigner(env.keyrings, tmp_path / "certificates", store_clock)
    return SigningWorld(world.graph, env, world.monitor, world.down, sandbox, renderer)


async def enrolled(world: SigningWorld, browse: Browse) -> str:
    """Anita's token, entered by her and confirmed by an administrator; the SHA-256 of its certificate."""
    token = world.sandbox.actions["insert"]({"name": "Anita"})
    async with browse("anita") as browser:
        await post(browser, "/desk/signing", "EnrolDeskToken", certificate=token["certificate"])
    async with browse("admin") as browser:
        await post(browser, "/staff/tokens", "AnswerStaffToken", confirm="true")
    return str(token["sha256"])


async def prepared(world: SigningWorld, browser: httpx.AsyncClient) -> str:
    """The address of a batch of all that waits, once the worker has prepared it."""
    page = html.fromstring((await browser.get("/desk/signing")).text)
    waiting = page.xpath('//input[@name="input.signingIds"]/@value')
    fields = form_of((await browser.get("/desk/signing")).text, "PrepareDeskSignatures")
    done = await browser.post("/desk/signing", data={**fields, "input.signingIds": waiting})
    await world.work()
    return str(done.headers["location"]).partition("?")[0]


async def hand_in(world: SigningWorld, browser: httpx.AsyncClient, batch: str) -> httpx.Response:
    """What the script does: the hashes to the bridge, its signatures to the page."""
    text = (await browser.get(batch)).text
    [form] = html.fromstring(text).xpath("//form[@data-signs]")
    items = [{"id": one.get("data-item"), "sha256": one.get("data-digest")} for one in form.xpath(".//fieldset")]
    answer = await ask_bridge(world.sandbox, "sign", certSha256=form.get("data-certificate"), items=items)
    fields = form_of(text, "HandInDeskSignatures")
    for place, (asked, given) in enumerate(zip(items, answer.json()["items"], strict=True)):
        at = f"input.signatures.{place}"
        fields |= {f"{at}.signingId": asked["id"], f"{at}.sha256": asked["sha256"]}
        fields |= {f"{at}.{name}": given[name] for name in ("signature", "error") if name in given}
    return await browser.post(batch, data=fields)


async def test_a_token_waits_until_an_administrator_confirms_it(world: SigningWorld, browse: Browse):
    token = world.sandbox.actions["insert"]({"name": "Anita"})

    async with browse("anita") as browser:
        await post(browser, "/desk/signing", "EnrolDeskToken", certificate=token["certificate"])
        waiting = await browser.get("/desk/signing")
    async with browse("admin") as browser:
        shown = await browser.get("/staff/tokens")
        await post(browser, "/staff/tokens", "AnswerStaffToken", confirm="true")
        after = await browser.get("/staff/tokens")

    assert token["sha256"] in waiting.text
    assert token["sha256"] in shown.text
    assert token["sha256"] not in after.text


@pytest.mark.parametrize("language", ["hi", "en"])
@pytest.mark.parametrize("person_and_place", [("anita", "/desk/signing"), ("admin", "/staff/tokens")])
async def test_the_pages_open_in_both_languages(browse: Browse, person_and_place, language: str):
    person, place = person_and_place
    async with browse(person, language) as browser:
        page = await browser.get(place)

    assert page.status_code == 200
    assert html.fromstring(page.text).get("lang") == language


@pytest.mark.parametrize("place", ["/desk/signing", "/desk/signing/a-batch", "/staff/tokens"])
async def test_the_pages_are_not_for_citizens(browse: Browse, place: str):
    async with browse("asha") as browser:
        page = await browser.get(place)

    assert page.status_code == 403


async def test_a_certificate_is_signed_by_pages_alone(world: SigningWorld, browse: Browse):
    await enrolled(world, browse)
    application = await world.decided()

    async with browse("anita") as browser:
        batch = await prepared(world, browser)
        await hand_in(world, browser, batch)
        await world.work()
        after = await browser.get(batch)

    found = await world.environment.store.read(lambda tx: certificates.of_applications(tx, [application.id]))
    assert application.id in found
    assert html.fromstring(after.text).xpath("//form[@data-signs]") == []
    async with browse() as browser:
        verified = await browser.get(f"/verify/{found[application.id].number}")
    assert "Signed by" in verified.text
    assert "Social-Welfare" not in verified.text
    assert "Revenue-Department, Dehradun Sadar" in verified.text


async def test_a_page_with_a_batch_speaks_with_the_bridge_and_nobody_else(world: SigningWorld, browse: Browse):
    await enrolled(world, browse)
    await world.decided()

    async with browse("anita") as browser:
        page = await browser.get(await prepared(world, browser))

    policy = page.headers["content-security-policy"]
    assert f"connect-src 'self' {BRIDGE}/" in policy
    assert html.fromstring(page.text).xpath("//form/@data-signs") == [BRIDGE]


async def test_what_the_token_did_not_sign_waits_again_and_the_page_says_why(world: SigningWorld, browse: Browse):
    await enrolled(world, browse)
    await world.decided()
    world.sandbox.actions["fate"]({"fate": "wrong_pin"})

    async with browse("anita") as browser:
        await hand_in(world, browser, await prepared(world, browser))
        page = await browser.get("/desk/signing")

    assert "The PIN was wrong." in page.text


async def test_the_batch_of_another_officer_is_not_there(world: SigningWorld, browse: Browse):
    await enrolled(world, browse)
    await world.decided()
    async with browse("anita") as browser:
        batch = await prepared(world, browser)

    async with browse("bina") as browser:
        page = await browser.get(batch)

    assert page.status_code == 404


async def test_as_many_signatures_as_go_in_one_part_fit_into_a_request(world: SigningWorld, browse: Browse):
    await enrolled(world, browse)
    await world.decided()

    async with browse("anita") as browser:
        batch = await prepared(world, browser)
        fields = form_of((await browser.get(batch)).text, "HandInDeskSignatures")
        for place in range(MOST_IN_PART):
            one = {"signingId": f"{place:036}", "sha256": "0" * 64, "signature": "aB3/" * 86}
            fields |= {f"input.signatures.{place}.{name}": text for name, text in one.items()}
        page = await browser.post(batch, data=fields)

    assert page.status_code == 422
    assert "No signature is awaited for this hash" in page.text


async def test_until_it_is_signed_everybody_is_told_that_it_is_decided_and_being_signed(
    world: SigningWorld, browse: Browse
):
    application = await world.decided()

    async with browse() as browser:
        tracked = await browser.post("/track", data={"by.number": application.number, **FACTORS})
    async with browse("asha") as browser:
        own = await browser.get(f"/my/applications/{application.number}")
    async with browse("anita") as browser:
        case = await browser.get(f"/desk/cases/{application.number}")

    assert [BEING_SIGNED in page.text for page in (tracked, own, case)] == [True, True, True]
