"""One file of a certificate held against its other forms, the register and the status list."""

import pytest

from actions.certificates.certificate_endings import EndCertificate, revoke_certificate
from actions.certificates.issue import issue_certificate
from domain.certificates.certificates import EndGround, IssuedCertificate
from gateway.documents.certificate_checks import check_certificate
from gateway.documents.renderer import CertificateRenderer
from tests.support.actions import FREE, World
from tests.support.endings import FORM


@pytest.fixture
async def certificate(world: World, tmp_path) -> IssuedCertificate:
    application = await world.approved(world.asha, FREE, world.registrar, form=FORM)
    made = await issue_certificate(
        world.env, application.id, CertificateRenderer(world.env.keyrings, tmp_path, world.clock)
    )
    assert made is not None
    return made


async def codes(world: World, content: bytes | None) -> dict[str, str]:
    assert content is not None
    return {check.name: check.code for check in await check_certificate(world.env, content)}


ALL_AGREE = dict.fromkeys(("pdf", "xml", "qr", "register", "status"), "OK")


async def test_pdf_and_xml_as_they_were_issued_agree_with_everything(world, certificate):
    assert await codes(world, await world.env.objects.get(certificate.pdf_sha256)) == ALL_AGREE
    assert await codes(world, await world.env.objects.get(certificate.xml_sha256)) == ALL_AGREE


async def test_a_revoked_certificate_is_told_by_register_and_list(world, certificate):
    ending = EndCertificate(certificate.id, EndGround.FORGED_PAPERS, "Forged", "r")
    await revoke_certificate(world.env, world.registrar, ending)
    found = await codes(world, await world.env.objects.get(certificate.pdf_sha256))

    assert found == ALL_AGREE | {"register": "REVOKED", "status": "ENDED"}


async def test_a_changed_file_is_told(world, certificate):
    pdf = await world.env.objects.get(certificate.pdf_sha256)
    xml = await world.env.objects.get(certificate.xml_sha256)
    assert pdf is not None
    assert xml is not None

    assert (await codes(world, pdf.replace(b"/Title", b"/Titla", 1)))["pdf"] == "BAD_SIGNATURE"
    assert (await codes(world, pdf + b"\n%more\n"))["pdf"] == "BAD_SIGNATURE"
    assert (await codes(world, xml.replace(b"Annya", b"Anaya")))["xml"] == "BAD_SIGNATURE"


async def test_what_is_no_certificate_of_ours_has_a_code(world, certificate):
    assert await codes(world, b"") == {"file": "MALFORMED"}
    assert await codes(world, b"%PDF-1.7\nnothing") == {"file": "MALFORMED"}
    assert await codes(world, b'<Certificate number="22612345678906"/>') == {"register": "NOT_FOUND"}
    assert await codes(world, b'<!DOCTYPE x><Certificate number="1"/>') == {"file": "MALFORMED"}
