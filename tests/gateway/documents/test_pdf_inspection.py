"""Uploaded PDFs are looked into by a process of its own, within its bounds; this one loads nothing for it."""

import subprocess
import sys

import pytest

from domain.kernel import ErrorCode, TemporarilyUnavailable
from gateway.documents import pdf_inspection
from gateway.documents.pdf_inspection import PdfInspection
from gateway.runtime.processes import ProcessEnded, output_of
from tests.support.files import PDF

pytestmark = pytest.mark.integration

ACTIVE = PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript>>")


async def test_a_plain_paper_passes_and_an_active_one_is_refused_by_its_code():
    looked = [await PdfInspection().problem_of_pdf(content) for content in (PDF, ACTIVE)]

    assert looked == [None, ErrorCode.FILE_NOT_PLAIN]


def test_the_process_that_asks_does_not_load_the_library_at_the_first_file():
    code = (
        "import asyncio, sys\n"
        "from gateway.documents.pdf_inspection import PdfInspection\n"
        f"print(asyncio.run(PdfInspection().problem_of_pdf({ACTIVE!r})).value, 'pyhanko' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)

    assert done.stdout.split() == ["FILE_NOT_PLAIN", "False"]


@pytest.mark.parametrize(
    ("limit", "most"), [("PROCESSOR_SECONDS", 1), ("MEMORY_BYTES", 150_000_000)], ids=["processor", "memory"]
)
def test_a_file_that_needs_more_than_its_bounds_ends_its_process(limit, most):
    """In a process as the gateway starts it, with a lower bound."""
    code = f"import gateway.documents.pdf_inspection as own; own.{limit} = {most}; own.main()"
    many = b"".join(b"%d 0 obj<</Kids[%s]>>endobj\n" % (number, b"1 " * 2_000) for number in range(3, 600))

    done = subprocess.run([sys.executable, "-c", code], input=PDF + many, capture_output=True, timeout=120, check=False)

    assert done.returncode < 0 or done.stdout == b"FILE_DAMAGED"


async def test_a_process_that_is_not_done_in_time_is_ended_and_the_file_may_be_sent_again(monkeypatch):
    monkeypatch.setattr(pdf_inspection, "SECONDS", 0.0)

    with pytest.raises(TemporarilyUnavailable):
        await PdfInspection().problem_of_pdf(PDF)


async def test_a_process_that_fails_is_an_error_and_no_verdict():
    with pytest.raises(ProcessEnded):
        await output_of("gateway.documents.no_such_module", b"", 60.0)
