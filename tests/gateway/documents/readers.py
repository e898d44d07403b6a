"""Every kind of certificate and every paper beside them, as programs of others read them (`make readers`).

pdfsig (poppler) and mutool (MuPDF) check signature and structure; zbarimg reads the code from the page at 150 dpi, as
an office's scanner gives it.
"""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from actions.certificates.content import CertificateContent
from actions.certificates.qr_codes import read_qr
from domain.certificates.kinds import Paper
from gateway.documents.renderer import CertificateRenderer
from gateway.pages.downloads.papers import sealed_paper
from store.database import Keyrings
from tests.actions.certificates.test_two_signatures import decided_by_two
from tests.gateway.documents.kinds import KINDS, PAPER_CASES, longest, paper_content, usual
from tests.support.actions import World
from tests.support.signing import signing_in

DPI = "150"
_KINDS = [
    pytest.param(kind, filled, id=f"{name}-{filled.__name__}")
    for name, kind in KINDS.kinds.items()
    for filled in (usual, longest)
]


def run(*command: str | Path) -> str:
    """What a program says on both its outputs; it must end well."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def written(folder: Path, content: bytes) -> Path:
    file = folder / "paper.pdf"
    file.write_bytes(content)
    return file


def structure_of(file: Path) -> str:
    """What mutool has to say of a file that it reads and writes anew; nothing where it is right."""
    return run("mutool", "clean", file, file.with_name("again.pdf"))


def codes_on(file: Path) -> list[str]:
    """The QR codes of all pages, as a scan at 150 dpi shows them; zbarimg fails on a page without one."""
    run("mutool", "draw", "-q", "-r", DPI, "-c", "gray", "-o", file.with_name("page%d.png"), file)
    scanning = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]
    pages = sorted(file.parent.glob("page*.png"))
    found = [
        subprocess.run([*scanning, page], capture_output=True, text=True, timeout=60, check=False) for page in pages
    ]
    return [line for one in found for line in one.stdout.split()]


def assert_sealed(file: Path) -> None:
    """That pdfsig and mutool find one signature over the whole, and nothing wrong with the file."""
    signature = run("pdfsig", "-nocert", file)
    assert "Signature Validation: Signature is Valid." in signature
    assert "Total document signed" in signature
    assert "error" not in structure_of(file).lower()
    assert "The document is unchanged since signing." in run("mutool", "sign", "-v", file)


@pytest.mark.parametrize(("kind", "filled"), _KINDS)
def test_pdfsig_mutool_and_a_scanner_read_a_certificate(
    kind, filled, renderer: CertificateRenderer, keys_folder: Path, tmp_path: Path
):
    content: CertificateContent = replace(filled(kind), status_index=70_000)
    file = written(tmp_path, renderer.render(content).pdf)

    assert_sealed(file)
    [code] = codes_on(file)
    assert read_qr(code, Keyrings(keys_folder).key_set("qr").keys).number == content.number


@pytest.mark.integration
@pytest.mark.parametrize("officers", [1, 2])
async def test_pdfsig_mutool_and_a_scanner_read_what_officers_signed_with_their_tokens(
    officers: int, sqlite_peopled: World, tmp_path: Path
):
    if officers == 1:
        signing = await signing_in(sqlite_peopled, tmp_path)
        signers, application = [signing.world.registrar], await signing.decided()
    else:
        signing, *signers, application = await decided_by_two(sqlite_peopled, tmp_path)
    for signer in signers:
        token = await signing.enrolled(signer)
        batch = await signing.prepared(token, officer=signer)
        await signing.hand_in(batch, await signing.signed(token, batch), officer=signer)
    certificate = await signing.certificate(application)
    assert certificate is not None
    env = signing.world.env
    file = written(tmp_path, await env.objects.get(certificate.pdf_sha256) or b"")

    signatures = run("pdfsig", "-nocert", file).split("Signature #")[1:]
    told = ["Signature Validation: Signature is Valid." in one for one in signatures]
    assert told[:officers] == [True] * officers  # the last is the time stamp, which pdfsig names and does not verify
    assert len(signatures) == officers + 1
    assert "error" not in structure_of(file).lower()
    [code] = codes_on(file)
    assert read_qr(code, env.keyrings.key_set("qr").keys).number == certificate.number


@pytest.mark.parametrize("case", PAPER_CASES)
@pytest.mark.parametrize("name", list(Paper))
async def test_pdfsig_mutool_and_a_scanner_read_a_paper_beside_certificates(
    name: Paper, case: str, renderer: CertificateRenderer, tmp_path: Path
):
    content = paper_content(name, case)
    file = written(tmp_path, await sealed_paper(content, renderer._authority.signer("pdf"), specimen=False))

    assert_sealed(file)
    assert codes_on(file) == [content.verify_url]
