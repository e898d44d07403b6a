"""The page behind a scanned QR code: what was signed beside what the register says, or why the code is refused."""

from dataclasses import replace

import pytest
from joserfc.jwk import ECKey
from lxml import html

from actions.certificates.qr_codes import make_qr
from domain.certificates.certificates import CertificateStatus
from store.certificates import certificates
from tests.gateway.documents.conftest import CONTENT
from tests.gateway.pages.conftest import Browse
from tests.support.graph import World, add_certificate


async def scanned(world: World, key: object = None) -> tuple[str, str]:
    """The path behind the code of a kept certificate, and the certificate's id."""
    env = world.environment
    certificate = await add_certificate(env, await world.submit())
    content = replace(CONTENT, number=certificate.number, status_index=5, holder=certificate.holder)
    text = make_qr(content, key or env.keyrings.active("qr"))
    return text.partition(":8000")[2], certificate.id


async def test_a_scanned_code_shows_what_was_signed_beside_the_register(world: World, browse: Browse):
    path, _ = await scanned(world)

    async with browse() as browser:
        page = await browser.get(path)

    assert path.startswith("/C/")
    assert page.status_code == 200
    assert html.fromstring(page.text).xpath("//main//*[@role='status']")[0].text == "Valid"
    assert "आशा नेगी / Asha Negi" in page.text
    assert ("Annual income" in page.text, "120000" in page.text) == (True, True)


async def test_a_code_of_a_revoked_certificate_proves_who_signed_and_says_that_it_holds_no_longer(
    world: World, browse: Browse
):
    path, certificate_id = await scanned(world)
    async with world.environment.store.write_transaction() as tx:
        await certificates.end(tx, certificate_id, CertificateStatus.REVOKED)

    async with browse() as browser:
        page = await browser.get(path)

    assert html.fromstring(page.text).xpath("//main//*[@role='status']")[0].text == "Revoked"
    assert "Asha Negi" in page.text


async def test_an_older_key_still_proves_a_code(world: World, browse: Browse):
    path, _ = await scanned(world)
    world.environment.keyrings.rotate("qr")

    async with browse() as browser:
        assert (await browser.get(path)).status_code == 200


@pytest.mark.parametrize("key", [None, ECKey.generate_key("P-256", {"kid": "ffffffff"})])
async def test_a_code_with_a_flipped_letter_or_of_another_key_is_refused_at_its_field(
    world: World, browse: Browse, key
):
    path, _ = await scanned(world, key)
    forged = path if key else path[:-9] + ("A" if path[-9] != "A" else "B") + path[-8:]

    async with browse() as browser:
        page = await browser.get(forged)
        answer = await browser.get(forged, headers={"Accept": "application/json"})

    assert (page.status_code, answer.status_code) == (400, 400)
    assert "not one that we signed" in page.text
    assert answer.json()["code"] == "QR_NOT_GENUINE"
    assert "Asha Negi" not in page.text
