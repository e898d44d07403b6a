"""Files encrypted at rest: what lies in the folder, what opens, and how files of before are rewritten."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from store.database import EncryptedObjects, Keyrings, LocalBlobs, ObjectDamaged, StoreUnavailable
from store.database.objects import PIECE

SCAN = b"%PDF-1.7 the bank book of somebody " * 5_000


@pytest.fixture
def keyrings(tmp_path: Path) -> Keyrings:
    made = Keyrings(tmp_path / "keys")
    made.init()
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def objects(folder: Path, keyrings: Keyrings) -> EncryptedObjects:
    return EncryptedObjects(LocalBlobs(folder), keyrings)


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def put_in_clear(folder: Path, content: bytes, media_type: str = "application/pdf") -> str:
    """As a release before 0.3.0 kept a file."""
    name = hashlib.sha256(content).hexdigest()
    path = folder / name[:2] / name[2:4] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.with_name(f"{name}.type").write_text(media_type)
    return name


async def test_a_file_is_kept_once_under_its_hash_with_its_first_media_type(objects: EncryptedObjects) -> None:
    name = await objects.put(SCAN, "application/pdf")

    assert name == hashlib.sha256(SCAN).hexdigest()
    assert await objects.put(SCAN, "text/plain") == name
    assert await objects.get(name) == SCAN
    assert await objects.media_type(name) == "application/pdf"
    assert await objects.exists(name)


async def test_nothing_of_a_file_lies_in_the_folder_in_clear(objects: EncryptedObjects, folder: Path) -> None:
    await objects.put(SCAN, "application/pdf")

    files = files_of(folder)

    assert len(files) == 2
    assert not [path for path in files if b"bank book" in path.read_bytes() or b"pdf" in path.read_bytes()]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
async def test_a_file_of_any_size_is_given_as_it_was_put(objects: EncryptedObjects, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    assert await objects.get(await objects.put(content, "image/png")) == content


async def test_what_is_not_there_is_none_and_names_cannot_leave_the_folder(
    objects: EncryptedObjects, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")

    for name in ("0" * 64, "../secret", "", "A" * 64, "0" * 63 + "/"):
        assert await objects.get(name) is None
        assert await objects.media_type(name) is None
        assert not await objects.exists(name)
        assert not await objects.remove(name)


async def _content_file(objects: EncryptedObjects, folder: Path) -> tuple[str, Path]:
    name = await objects.put(SCAN, "application/pdf")
    return name, next(path for path in files_of(folder) if "sealed" in path.parts)


async def test_a_flipped_bit_is_found(objects: EncryptedObjects, folder: Path) -> None:
    name, path = await _content_file(objects, folder)
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-1] + bytes((sealed[-1] ^ 1,)))

    with pytest.raises(ObjectDamaged):
        await objects.get(name)


@pytest.mark.parametrize("keep", [0, 2 * (PIECE + 16)])
async def test_a_file_that_was_cut_between_two_pieces_is_found(
    objects: EncryptedObjects, folder: Path, keep: int
) -> None:
    name, path = await _content_file(objects, folder)
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(ObjectDamaged):
        await objects.get(name)


async def test_the_key_of_one_file_does_not_open_as_that_of_another(objects: EncryptedObjects, folder: Path) -> None:
    name, other = await objects.put(SCAN, "application/pdf"), await objects.put(b"another", "application/pdf")
    key, others = (folder / "keys" / one[:2] / one[2:4] / one for one in (name, other))
    key.write_bytes(others.read_bytes())
    sealed = next(path for path in files_of(folder) if path.name.startswith(f"{other}-"))
    moved = folder / "sealed" / name[:2] / name[2:4] / f"{name}{sealed.name[64:]}"
    moved.write_bytes(sealed.read_bytes())

    with pytest.raises(ObjectDamaged):
        await objects.get(name)


async def test_a_file_opens_after_the_keyring_was_rotated(objects: EncryptedObjects, keyrings: Keyrings) -> None:
    name = await objects.put(SCAN, "application/pdf")
    keyrings.rotate("object")

    assert await objects.get(name) == SCAN


async def test_without_its_keyring_a_file_is_damaged(objects: EncryptedObjects, folder: Path, tmp_path: Path) -> None:
    name = await objects.put(SCAN, "application/pdf")
    others = Keyrings(tmp_path / "others")
    others.init()

    with pytest.raises(ObjectDamaged):
        await EncryptedObjects(LocalBlobs(folder), others).get(name)


async def test_who_deletes_a_file_deletes_its_key_so_that_no_copy_of_the_content_opens(
    objects: EncryptedObjects, folder: Path
) -> None:
    name, path = await _content_file(objects, folder)
    copy = path.read_bytes()

    assert await objects.remove(name)

    path.write_bytes(copy)
    assert await objects.get(name) is None
    assert not await objects.exists(name)
    assert files_of(folder) == [path]
    assert not await objects.remove(name)


async def test_several_who_keep_the_same_file_at_once_keep_it_once(objects: EncryptedObjects, folder: Path) -> None:
    names = await asyncio.gather(*(objects.put(SCAN, "application/pdf") for _ in range(8)))

    assert await objects.get(names[0]) == SCAN
    assert len(files_of(folder)) == 2


async def test_a_file_of_before_is_read_in_clear(objects: EncryptedObjects, folder: Path) -> None:
    name = put_in_clear(folder, SCAN)

    assert await objects.get(name) == SCAN
    assert await objects.media_type(name) == "application/pdf"
    assert await objects.exists(name)
    assert await objects.put(SCAN, "text/plain") == name
    assert [one async for one in objects.clear_names()] == [name]


async def test_a_file_of_before_that_was_changed_is_neither_given_nor_rewritten(
    objects: EncryptedObjects, folder: Path
) -> None:
    name = put_in_clear(folder, SCAN)
    (folder / name[:2] / name[2:4] / name).write_bytes(b"changed")

    for work in (objects.get, objects.encrypt):
        with pytest.raises(ObjectDamaged):
            await work(name)


async def test_a_file_of_before_is_deleted_whole(objects: EncryptedObjects, folder: Path) -> None:
    name = put_in_clear(folder, SCAN)

    assert await objects.remove(name)

    assert files_of(folder) == []


async def test_a_file_of_before_is_rewritten_and_nothing_of_it_stays_in_clear(
    objects: EncryptedObjects, folder: Path
) -> None:
    name = put_in_clear(folder, SCAN, "image/png")

    for _ in range(2):
        await objects.encrypt(name)

    assert await objects.get(name) == SCAN
    assert await objects.media_type(name) == "image/png"
    assert [one async for one in objects.clear_names()] == []
    assert not [path for path in files_of(folder) if b"bank book" in path.read_bytes() or path.suffix == ".type"]


async def test_a_rewriting_that_died_before_its_end_goes_on(objects: EncryptedObjects, folder: Path) -> None:
    name = put_in_clear(folder, SCAN)
    await objects.encrypt(name)
    put_in_clear(folder, SCAN)  # died before it deleted the file in clear

    await objects.encrypt(name)

    assert await objects.get(name) == SCAN
    assert len(files_of(folder)) == 2


async def test_a_folder_that_cannot_be_written_is_unavailable(objects: EncryptedObjects, folder: Path) -> None:
    folder.write_bytes(b"a file in the way")

    with pytest.raises(StoreUnavailable):
        await objects.put(b"x", "text/plain")


async def test_the_key_of_a_file_is_wrapped_by_the_newest_key_and_the_older_one_can_go(
    objects: EncryptedObjects, keyrings: Keyrings, folder: Path
) -> None:
    name = await objects.put(SCAN, "application/pdf")
    older = str(keyrings.keys("object")[0].kid)
    keyrings.rotate("object")
    assert await objects.rewrap(name, write=False)

    assert [await objects.rewrap(name), await objects.rewrap(name)] == [True, False]

    keyrings.drop("object", older)
    afresh = EncryptedObjects(LocalBlobs(folder), keyrings)
    assert await afresh.get(name) == SCAN
    assert await afresh.media_type(name) == "application/pdf"
    assert name in [one async for one in afresh.encrypted_names()]


async def test_a_file_whose_key_was_wrapped_again_is_deleted_whole(
    objects: EncryptedObjects, keyrings: Keyrings, folder: Path
) -> None:
    name = await objects.put(SCAN, "application/pdf")
    for _ in range(2):
        keyrings.rotate("object")
        await objects.rewrap(name)

    assert await objects.remove(name)

    assert files_of(folder) == []
