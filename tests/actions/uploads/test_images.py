"""Pictures are made anew: what is seen stays, what is hidden goes."""

from io import BytesIO

import pytest
from PIL import Image

from actions.uploads.images import re_encode_image
from domain.kernel import ErrorCode, Problems
from domain.uploads.file_types import true_type
from domain.uploads.files import MediaType
from tests.support.files import JPEG, PDF, PNG
from tests.support.pictures import SECRET, bomb_png, camera_jpeg, points, talking_png

MOST = 25_000_000


async def anew(content: bytes, kind: MediaType, most: int = MOST) -> bytes:
    return await re_encode_image(content, kind, largest_pixels=most, path=("file",))


async def test_place_camera_comment_profile_and_what_lies_behind_the_end_are_gone():
    sent = camera_jpeg()
    assert sent.count(SECRET) >= 4
    kept = await anew(sent, MediaType.JPEG)
    assert SECRET not in kept
    assert b"Exif" not in kept
    assert b"ICC_PROFILE" not in kept
    assert len(kept) < len(sent)
    assert true_type(kept, "image/jpeg", "file") is MediaType.JPEG


async def test_a_picture_that_lay_on_its_side_stands_upright():
    kept = points(await anew(camera_jpeg(orientation=6, size=(40, 20)), MediaType.JPEG))
    assert kept.size == (20, 40)
    upright = points(await anew(camera_jpeg(orientation=1, size=(40, 20)), MediaType.JPEG))
    assert upright.size == (40, 20)


async def test_the_points_stay_as_they_were():
    sent = camera_jpeg(orientation=1, quality=75)
    before, after = points(sent), points(await anew(sent, MediaType.JPEG))
    differences = [abs(old - new) for old, new in zip(before.tobytes(), after.tobytes(), strict=True)]
    assert max(differences) <= 8
    png = talking_png()
    assert points(await anew(png, MediaType.PNG)).tobytes() == points(png).tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
async def test_the_texts_of_a_png_are_gone_in_every_mode(mode):
    kept = await anew(talking_png(mode=mode), MediaType.PNG)
    assert SECRET not in kept
    assert true_type(kept, "image/png", "file") is MediaType.PNG


async def test_the_same_picture_gives_the_same_file_also_a_second_time():
    once = await anew(camera_jpeg(), MediaType.JPEG)
    assert await anew(camera_jpeg(), MediaType.JPEG) == once
    assert len(await anew(once, MediaType.JPEG)) <= len(once) * 1.05


async def test_a_picture_that_comes_in_ever_finer_passes_is_packed_so_again_and_does_not_grow_beyond_its_bound():
    packed = BytesIO()
    points(camera_jpeg(size=(600, 400))).save(packed, "JPEG", quality=80, progressive=True, optimize=True)
    kept = await anew(packed.getvalue(), MediaType.JPEG)
    assert "progressive" in Image.open(BytesIO(kept)).info
    assert len(kept) <= len(packed.getvalue())


async def test_the_smallest_pictures_and_a_pdf_pass():
    assert points(await anew(JPEG, MediaType.JPEG)).size == (1, 1)
    assert points(await anew(PNG, MediaType.PNG)).size == (1, 1)
    assert await anew(PDF, MediaType.PDF) == PDF


async def test_a_picture_of_too_many_points_is_refused_before_it_is_unpacked():
    with pytest.raises(Problems) as refused:
        await anew(bomb_png(50_000, 50_000), MediaType.PNG)
    assert refused.value.code is ErrorCode.IMAGE_TOO_LARGE
    assert dict(refused.value.problems[0].params) == {"most": "25"}
    with pytest.raises(Problems) as small:
        await anew(talking_png(size=(11, 10)), MediaType.PNG, 100)
    assert small.value.code is ErrorCode.IMAGE_TOO_LARGE


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (bomb_png(100, 100), MediaType.PNG),
        (camera_jpeg()[:200], MediaType.JPEG),
        (PNG, MediaType.JPEG),
        (b"\xff\xd8\xff\xd9", MediaType.JPEG),
    ],
    ids=["rows that are missing", "cut off", "another kind", "nothing inside"],
)
async def test_a_picture_that_cannot_be_opened_is_damaged(content, kind):
    with pytest.raises(Problems) as refused:
        await anew(content, kind)
    assert refused.value.code is ErrorCode.FILE_DAMAGED
