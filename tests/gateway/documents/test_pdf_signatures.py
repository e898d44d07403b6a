"""Signatures in PDFs of strangers are examined by a process of its own, within its bounds."""

import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from domain.certificates.signatures import SignatureState
from domain.kernel import ManualClock
from gateway.documents.pdf_signatures import PdfSignatures, question_of
from integrations.trust_services import NO_TRUST, ExaminedSignature, TrustSettings
from sandbox.trust_services.server import create_sandbox
from tests.support.sign_in import sandbox_home
from tests.support.signed_papers import by, plain_paper, sign_paper
from tests.support.signing import trust_settings

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 30, tzinfo=UTC)


async def found_in(content: bytes) -> list[ExaminedSignature] | None:
    return await PdfSignatures().signatures_in(content, NO_TRUST, NOW)


async def signed(folder: Path) -> tuple[bytes, TrustSettings]:
    """A paper of a token of the sandbox's authority, and what an installation is given to know it."""
    sandbox = create_sandbox(sandbox_home(folder, "trust_services", ManualClock(NOW)))
    token = sandbox.actions["insert"]({"name": "Tehsildar"})
    return await sign_paper(plain_paper(), token, by(sandbox, token)), trust_settings(folder)


async def test_the_process_tells_each_signature_with_its_certificate(tmp_path: Path):
    content, settings = await signed(tmp_path)

    found = await PdfSignatures().signatures_in(content, settings, NOW)

    assert found is not None
    [one] = found
    assert (one.told.state, one.told.signer) == (SignatureState.VERIFIED, "Tehsildar")
    assert x509.Certificate.load(one.certificate).subject.native["common_name"] == "Tehsildar"


async def test_a_paper_without_signatures_has_none():
    assert await found_in(plain_paper()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\nnothing\n%%EOF",
        plain_paper()[:-200],
        plain_paper().replace(b"/Fields [", b"/Fields 9 0 R ["),
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/AcroForm 1 0 R/Fields 1 0 R>>endobj\ntrailer<</Root 1 0 R/Prev 0>>\n%%EOF",
    ],
    ids=["no objects", "cut off", "broken form", "refers to itself"],
)
async def test_a_file_that_cannot_be_read_is_told_so_and_breaks_nothing(content: bytes):
    assert await found_in(content) in (None, [])


async def test_a_signature_whose_octets_are_none_is_no_valid_one(tmp_path: Path):
    content, _ = await signed(tmp_path)
    at = content.index(b"/Contents <") + len(b"/Contents <")

    found = await found_in(content[:at] + b"00" * 40 + content[at + 80 :])

    assert found is None or [one.told.state for one in found] == [SignatureState.INVALID]


def paper_with_endless_fields() -> bytes:
    """A small file whose form is a tree of 2 to the power of 60 fields."""
    writer, output = IncrementalPdfFileWriter(BytesIO(plain_paper())), BytesIO()
    leaf = {"/FT": generic.NameObject("/Sig"), "/T": generic.pdf_string("leaf")}
    field = writer.add_object(generic.DictionaryObject({generic.NameObject(key): one for key, one in leaf.items()}))
    for level in range(60):
        twice = {"/T": generic.pdf_string(f"f{level}"), "/Kids": generic.ArrayObject([field, field])}
        field = writer.add_object(
            generic.DictionaryObject({generic.NameObject(key): one for key, one in twice.items()})
        )
    form = writer.root["/AcroForm"]
    form["/Fields"].append(field)
    writer.update_container(form["/Fields"])
    writer.write(output)
    return output.getvalue()


@pytest.mark.long
@pytest.mark.parametrize(
    ("limit", "most", "content"),
    [("PROCESSOR_SECONDS", 2, paper_with_endless_fields()), ("MEMORY_BYTES", 150_000_000, plain_paper() * 40_000)],
    ids=["processor", "memory"],
)
def test_a_file_that_needs_more_than_its_bounds_ends_its_process(limit: str, most: int, content: bytes):
    """In a process as the gateway starts it, with a lower bound."""
    code = (
        f"import gateway.documents.pdf_inspection as own; own.{limit} = {most}; "
        "import gateway.documents.pdf_signatures as process; process.main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        input=question_of(content, NO_TRUST, NOW),
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert done.returncode < 0 or done.stdout == b"null"
