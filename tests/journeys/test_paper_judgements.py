"""What an officer of the demo is told of signatures in attached PDFs, over real sockets from the locker to her page."""

import base64
from typing import Any

import httpx
from lxml import html

from tests.gateway.pages.test_site import form_of
from tests.journeys.test_documents import RECORD_FEE
from tests.journeys.test_signing import officers_browser
from tests.journeys.test_write_path import locker_uri, submit
from tests.support.databases import run_apart
from tests.support.eventually import eventually
from tests.support.papers import income_application
from tests.support.running import Running
from tests.support.signed_papers import SignHash, altered_paper, plain_paper, sign_paper

PERSON = "vinod-gusain"


def by_bridge(running: Running, token: dict[str, Any]) -> SignHash:
    """Signs by a token in the demo's bridge, as a page does."""

    async def sign(digest: str) -> bytes:
        async with httpx.AsyncClient(headers={"Origin": running.url}, trust_env=False, timeout=30) as page:
            bridge = f"{running.city}/trust_services/bridge/v1"
            nonce = (await page.post(f"{bridge}/nonce", json={})).json()["nonce"]
            items = [{"id": "paper", "sha256": digest}]
            body = {"nonce": nonce, "certSha256": token["sha256"], "items": items}
            answer = await page.post(f"{bridge}/sign", json=body)
        return base64.b64decode(answer.json()["items"][0]["signature"])

    return sign


def papers_on(page: str) -> str:
    """The first paper's line of the case."""
    [table] = html.fromstring(page).xpath('//h2[@id="papers"]/following-sibling::table[1]')
    return " ".join(table.xpath("string(.//tbody/tr[1])").split())


def test_an_officer_reads_who_signed_a_paper_and_that_the_locker_gives_another_one_since(running: Running):
    citizen, officer = running.token("citizen", PERSON), running.token("officer")
    uri = locker_uri(running, citizen)
    token = running.act("trust_services", "insert", name="Tehsildar Vikasnagar")
    signed = run_apart(sign_paper, plain_paper(), token, by_bridge(running, token))
    running.act("digilocker", "replace_file", person=PERSON, uri=uri, pdf=base64.b64encode(signed).decode())
    application = submit(running, citizen, income_application(uri, "judged-1"))
    fee = {"applicationId": application["id"], "receipt": "CH-2026-J", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": "judged-fee-1"}}, token=officer)

    with officers_browser(running) as browser:
        address = f"/desk/cases/{application['number']}"
        page = eventually(lambda: browser.get(address).text, lambda seen: "Signed by" in papers_on(seen), seconds=240)
        assert "Signed by Tehsildar Vikasnagar, certificate of Sandbox licensed authority" in papers_on(page)
        assert "made by a signer whom we know" in papers_on(page)

        other = base64.b64encode(altered_paper(signed)).decode()
        running.act("digilocker", "replace_file", person=PERSON, uri=uri, pdf=other)
        browser.post(address, data=form_of(page, "ClaimCase"))
        page = eventually(
            lambda: browser.get(address).text, lambda seen: "another document today" in papers_on(seen), seconds=240
        )

        assert "made by a signer whom we know" in papers_on(page)  # what was attached is still what was signed
        assert "हस्ताक्षरकर्ता Tehsildar Vikasnagar" in papers_on(
            browser.get(address, headers={"accept-language": "hi"}).text
        )
