"""What a PDF brings along is found where it hides, within bounds; plain papers pass."""

import io
import zipfile
import zlib

import pytest
from pyhanko.pdf_utils import embed, generic
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from demo.seed.papers import demo_paper
from domain.kernel import ErrorCode, Problems
from domain.uploads.pdf_content import LARGEST_UNPACKED, MOST_PACKED, refuse_unfit_pdf
from tests.support.files import PDF

SCRIPT = b"/S /JavaScript /JS (app.alert)"


def refusal(content: bytes) -> ErrorCode | None:
    """With which code it is refused; None where it passes."""
    try:
        refuse_unfit_pdf(content, "file")
    except Problems as refused:
        return refused.code
    return None


def with_object(inside: bytes) -> bytes:
    return PDF.replace(b"%%EOF", b"3 0 obj<<" + inside + b">>endobj\n%%EOF")


def with_packed(inside: bytes, times: int = 1) -> bytes:
    packed = b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode>>stream\n" + zlib.compress(inside) + b"\nendstream"
    return PDF.replace(
        b"%%EOF", b"".join(b"%d 0 obj<<%s endobj\n" % (3 + one, packed) for one in range(times)) + b"%%EOF"
    )


def archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("setup.exe", b"MZ" * 2_000)
        packed.comment = b"%%EOF"
    return made.getvalue()


def made_by_a_library() -> PdfFileWriter:
    writer = PdfFileWriter(stream_xrefs=True)
    box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 100, 100)))
    writer.insert_page(PageObject(contents=writer.add_object(generic.StreamObject(stream_data=b"")), media_box=box))
    return writer


def written(writer: PdfFileWriter) -> bytes:
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        PDF,
        demo_paper("a paper"),
        with_packed(b"1 0 <</Type /Page>>"),
        with_object(b"/Title (JavaScript, Launch and Encrypt are words) /LaunchPad 1 /JavaScripts 2"),
        PDF + b"PK\x05\x06 is no archive \n%%EOF",
    ],
    ids=["small", "the demo's", "packed objects", "words", "letters of an archive"],
)
def test_plain_papers_pass(content: bytes) -> None:
    assert refusal(content) is None


def test_a_paper_that_a_library_wrote_passes_and_a_locked_one_does_not() -> None:
    plain, locked = made_by_a_library(), made_by_a_library()
    assert refusal(written(plain)) is None
    locked.encrypt("owner", "user")
    assert refusal(written(locked)) is ErrorCode.FILE_LOCKED


def test_a_file_within_the_file_is_found() -> None:
    writer = made_by_a_library()
    program = embed.EmbeddedFileObject.from_file_data(writer, data=b"MZ" * 100, mime_type="application/x-msdownload")
    embed.embed_file(writer, embed.FileSpec(file_spec_string="a.exe", file_name="a.exe", embedded_data=program))
    assert refusal(written(writer)) is ErrorCode.FILE_NOT_PLAIN


@pytest.mark.parametrize(
    "content",
    [
        with_object(SCRIPT),
        with_object(b"/S/J#61v#61Script/JS(x)"),
        with_object(b"/S /Launch /F (cmd.exe)"),
        with_packed(b"1 0 <<" + SCRIPT + b">>"),
        with_packed(b"1 0 <<" + SCRIPT + b">>").replace(b"/ObjStm", b"/Obj#53tm"),
        with_packed(b"1 0 <<" + SCRIPT + b">>")[:-20] + b"\n%%EOF",
    ],
    ids=["plain", "escaped", "launch", "packed", "packed and escaped", "cut off"],
)
def test_a_program_is_found_where_it_hides(content: bytes) -> None:
    assert refusal(content) is ErrorCode.FILE_NOT_PLAIN


def test_an_archive_that_is_a_paper_too_is_disguised() -> None:
    content = PDF + archive()
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["setup.exe"]
    assert refusal(content) is ErrorCode.FILE_DISGUISED


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n<html><script>alert(1)</script></html>\n%%EOF",
        with_packed(bytes(LARGEST_UNPACKED + 1)),
        with_packed(bytes(LARGEST_UNPACKED // 4), times=5),
        with_packed(b"", times=MOST_PACKED + 1),
        b"%PDF-1.7\n" + b"1 " * 500_000 + b"%%EOF",
    ],
    ids=["a page of the web", "a bomb", "several", "many", "no object among digits"],
)
def test_what_is_no_paper_or_unpacks_beyond_its_bounds_is_damaged(content: bytes) -> None:
    assert refusal(content) is ErrorCode.FILE_DAMAGED
