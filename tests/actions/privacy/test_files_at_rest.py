"""Files of a former release are encrypted, one after the other, while people go on handing in and deleting."""

import hashlib

from actions.privacy.files_at_rest import delete_unnamed, encrypt_clear_files

PAPERS = [f"%PDF-1.7 the bank book of number {number}".encode() for number in range(5)]


def put_in_clear(folder, content: bytes) -> str:
    """As a release before 0.3.0 kept a file."""
    name = hashlib.sha256(content).hexdigest()
    path = folder / "objects" / name[:2] / name[2:4] / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    path.with_name(f"{name}.type").write_text("application/pdf")
    return name


def lying_in_clear(folder) -> list[str]:
    files = [path for path in (folder / "objects").rglob("*") if path.is_file()]
    return [path.name for path in files if b"bank book" in path.read_bytes()]


async def test_every_file_of_before_is_encrypted_and_stays_what_it_was(world, tmp_path):
    names = [put_in_clear(tmp_path, paper) for paper in PAPERS]

    assert await encrypt_clear_files(world.env) == len(PAPERS)

    assert lying_in_clear(tmp_path) == []
    assert [await world.env.objects.get(name) for name in names] == PAPERS
    assert await encrypt_clear_files(world.env) == 0


async def test_a_damaged_file_of_before_stops_no_other(world, tmp_path):
    names = [put_in_clear(tmp_path, paper) for paper in PAPERS]
    damaged = tmp_path / "objects" / names[2][:2] / names[2][2:4] / names[2]
    damaged.write_bytes(b"changed")

    assert await encrypt_clear_files(world.env) == len(PAPERS) - 1

    assert damaged.read_bytes() == b"changed"


async def test_a_file_that_was_deleted_after_it_was_listed_is_not_written_again(world, tmp_path):
    names = [put_in_clear(tmp_path, paper) for paper in PAPERS]
    async for name in world.env.objects.clear_names():
        await delete_unnamed(world.env, name)
        await world.env.objects.encrypt(name)

    assert not [name for name in names if await world.env.objects.exists(name)]
