"""What a file is, is told from its content and from nothing else."""

import pytest

from domain.kernel import ErrorCode, Problems
from domain.uploads.file_types import true_type
from domain.uploads.files import MediaType
from tests.support.files import JPEG, PDF, PNG

GOOD = [(JPEG, MediaType.JPEG), (PNG, MediaType.PNG), (PDF, MediaType.PDF)]


def refusal(content: bytes, claimed: str | None = None) -> ErrorCode:
    with pytest.raises(Problems) as refused:
        true_type(content, claimed, "file")
    return refused.value.code


@pytest.mark.parametrize(("content", "kind"), GOOD)
def test_a_true_file_is_known_by_its_content_whatever_is_said_or_not(content: bytes, kind: MediaType):
    assert true_type(content, None) is kind
    assert true_type(content, kind.value) is kind


@pytest.mark.parametrize(("content", "kind"), GOOD)
def test_a_file_in_the_clothes_of_another_kind_is_refused(content: bytes, kind: MediaType):
    other = MediaType.PNG if kind is MediaType.PDF else MediaType.PDF
    assert refusal(content, other.value) is ErrorCode.FILE_DISGUISED
    assert refusal(content, "text/html") is ErrorCode.FILE_DISGUISED


@pytest.mark.parametrize(("content", "_"), GOOD)
def test_every_cut_of_a_file_is_refused_and_never_a_crash(content: bytes, _: MediaType):
    for end in range(8, len(content) - 6):
        assert refusal(content[:end]) in (ErrorCode.FILE_DAMAGED, ErrorCode.FILE_TYPE_NOT_ALLOWED)


def test_other_kinds_are_refused():
    for content in (b"", b"GIF89a", b"<svg/>", b"PK\x03\x04", b"MZ\x90", b"\0" * 100, b"<html>%PDF-1.7 %%EOF"):
        assert refusal(content) is ErrorCode.FILE_TYPE_NOT_ALLOWED


def test_a_picture_with_a_wrong_sum_no_size_or_something_behind_it_is_damaged():
    assert refusal(PNG[:20] + b"\1" + PNG[21:]) is ErrorCode.FILE_DAMAGED
    assert refusal(PNG + b"<script>") is ErrorCode.FILE_DAMAGED
    frame = JPEG.index(b"\xff\xc0")
    assert refusal(JPEG[: frame + 5] + b"\0\0\0\0" + JPEG[frame + 9 :]) is ErrorCode.FILE_DAMAGED
    assert refusal(JPEG[:frame] + JPEG[frame + 13 :]) is ErrorCode.FILE_DAMAGED


def test_what_a_camera_writes_behind_its_picture_is_let_through():
    assert true_type(JPEG + b"SEFT trailer", None) is MediaType.JPEG
