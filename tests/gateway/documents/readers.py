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
from store.database import Keyrings
from tests.gateway.documents.kinds import KINDS, PAPER_CASES, longest, paper, usual

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


@pytest.mark.parametrize(("kind", "filled"), _KINDS)
def test_pdfsig_mutool_and_a_scanner_read_a_certificate(
    kind, filled, renderer: CertificateRenderer, keys_folder: Path, tmp_path: Path
):
    content: CertificateContent = replace(filled(kind), status_index=70_000)
    file = written(tmp_path, renderer.render(content).pdf)

    signature = run("pdfsig", "-nocert", file)
    assert "Signature Validation: Signature is Valid." in signature
    assert "Total document signed" in signature
    assert "error" not in structure_of(file).lower()
    assert "The document is unchanged since signing." in run("mutool", "sign", "-v", file)
    [code] = codes_on(file)
    assert read_qr(code, Keyrings(keys_folder).key_set("qr").keys).number == content.number


@pytest.mark.parametrize("case", PAPER_CASES)
@pytest.mark.parametrize("name", list(Paper))
def test_mutool_and_a_scanner_read_a_paper_beside_certificates(name: Paper, case: str, tmp_path: Path):
    file = written(tmp_path, paper(name, case))

    assert "error" not in structure_of(file).lower()
    assert len(codes_on(file)) == 1
