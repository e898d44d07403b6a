"""Files in a real S3-compatible server (SeaweedFS from a wheel)."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from obstore.store import S3Store

from store.database import EncryptedObjects, Keyrings, ObjectDamaged, StoreUnavailable
from store.database.s3_blobs import ATTEMPTS, S3Blobs, S3Place
from tests.support.object_server import CREDENTIALS, object_server

PDF = b"%PDF-1.7 a certificate"
NAME = "8c6dd4d4e5b2a06bcb7d3a26e6ed6a4a1c7ac7fb3b4b0e4c5d7e3b24fca3d8b1"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Place]:
    with object_server(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture
def keyrings(tmp_path: Path) -> Keyrings:
    made = Keyrings(tmp_path / "keys")
    made.init()
    return made


@pytest.fixture
def objects(place: S3Place, keyrings: Keyrings) -> EncryptedObjects:
    return EncryptedObjects(S3Blobs(place), keyrings)


def bucket_of(place: S3Place) -> S3Store:
    """The bucket as whoever has it sees it."""
    return S3Store(
        place.bucket,
        endpoint=place.endpoint,
        region="us-east-1",
        access_key_id=CREDENTIALS.access_key,
        secret_access_key=CREDENTIALS.secret_key,
        client_options={"allow_http": True},
    )


def test_the_secret_key_is_not_shown() -> None:
    assert CREDENTIALS.secret_key not in repr(CREDENTIALS)


@pytest.mark.integration
async def test_a_file_is_kept_once_read_and_deleted(objects: EncryptedObjects) -> None:
    name = await objects.put(PDF, "application/pdf")
    assert await objects.put(PDF, "text/plain") == name
    assert await objects.get(name) == PDF
    assert await objects.media_type(name) == "application/pdf"
    assert await objects.exists(name)
    assert await objects.remove(name)
    assert not await objects.remove(name)
    assert await objects.get(name) is None
    assert await objects.media_type(name) is None


@pytest.mark.integration
@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64])
async def test_what_is_not_there_or_no_name_is_none(objects: EncryptedObjects, name: str) -> None:
    assert await objects.get(name) is None
    assert not await objects.exists(name)
    assert not await objects.remove(name)


@pytest.mark.integration
async def test_nothing_of_a_file_lies_in_the_bucket_in_clear(objects: EncryptedObjects, place: S3Place) -> None:
    name = await objects.put(b"a bank book", "application/pdf")
    bucket = bucket_of(place)
    paths = [blob["path"] for page in bucket.list() for blob in page if name in blob["path"]]
    assert sorted(path.split("/")[1] for path in paths) == ["keys", "sealed"]
    assert not [path for path in paths if b"bank book" in bytes(bucket.get(path).bytes())]


@pytest.mark.integration
async def test_a_file_whose_content_was_changed_is_not_given(objects: EncryptedObjects, place: S3Place) -> None:
    name = await objects.put(b"as it was", "text/plain")
    bucket = bucket_of(place)
    path = next(blob["path"] for page in bucket.list("files/sealed") for blob in page if name in blob["path"])
    bucket.put(path, b"changed")
    with pytest.raises(ObjectDamaged):
        await objects.get(name)


@pytest.mark.integration
async def test_several_who_keep_the_same_file_at_once_keep_it_once(objects: EncryptedObjects, place: S3Place) -> None:
    names = await asyncio.gather(*(objects.put(b"at once", "text/plain") for _ in range(8)))
    assert await objects.get(names[0]) == b"at once"
    assert len([blob for page in bucket_of(place).list() for blob in page if names[0] in blob["path"]]) == 2


@pytest.mark.integration
async def test_a_file_of_before_is_read_in_clear_and_rewritten(objects: EncryptedObjects, place: S3Place) -> None:
    name = await objects.put(b"of before", "text/plain")
    await objects.remove(name)
    clear = f"{place.prefix}{name[:2]}/{name[2:4]}/{name}"
    bucket_of(place).put(clear, b"of before", attributes={"Content-Type": "image/png"})
    assert await objects.get(name) == b"of before"
    assert await objects.media_type(name) == "image/png"
    assert [one async for one in objects.clear_names()] == [name]

    await objects.encrypt(name)

    assert [one async for one in objects.clear_names()] == []
    assert await objects.get(name) == b"of before"
    assert await objects.media_type(name) == "image/png"


@pytest.mark.integration
async def test_a_wrong_key_is_refused(place: S3Place, keyrings: Keyrings) -> None:
    wrong = replace(place, credentials=replace(place.credentials, secret_key="another"))
    with pytest.raises(StoreUnavailable, match="PermissionDenied"):
        await EncryptedObjects(S3Blobs(wrong), keyrings).put(PDF, "application/pdf")


@pytest.mark.integration
async def test_a_bucket_that_is_not_there_is_no_file_that_is_not_there(place: S3Place, keyrings: Keyrings) -> None:
    objects = EncryptedObjects(S3Blobs(replace(place, bucket="no-such-bucket")), keyrings)
    with pytest.raises(StoreUnavailable):
        await objects.get("0" * 64)
    with pytest.raises(StoreUnavailable):
        await objects.put(PDF, "application/pdf")


async def _answering(statuses: list[int]) -> tuple[asyncio.Server, S3Place]:
    """A server that answers the requests with these statuses in their order."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        status = statuses.pop(0)
        head = f"HTTP/1.1 {status} -\r\ncontent-length: 1\r\nlast-modified: Sun, 29 Nov 2026 12:00:00 GMT\r\n"
        writer.write(f'{head}etag: "x"\r\nconnection: close\r\n\r\nx'.encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return server, S3Place(f"http://127.0.0.1:{port}", "apuni", CREDENTIALS)


@pytest.mark.integration
async def test_a_store_that_does_not_answer_is_asked_again_and_then_told() -> None:
    statuses = [503] * (ATTEMPTS + 5)
    server, place = await _answering(statuses)
    async with server:
        with pytest.raises(StoreUnavailable):
            await S3Blobs(place).read(NAME)
    assert len(statuses) == 5


@pytest.mark.integration
async def test_a_passing_fault_is_not_seen() -> None:
    server, place = await _answering([500, 200])
    async with server:
        assert await S3Blobs(place).read(NAME) == b"x"


@pytest.mark.integration
async def test_no_proxy_of_the_environment_is_used(
    place: S3Place, keyrings: Keyrings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    objects = EncryptedObjects(S3Blobs(place), keyrings)

    name = await objects.put(PDF, "application/pdf")
    assert await objects.get(name) == PDF
    assert await objects.remove(name)


@pytest.mark.integration
async def test_the_proxy_of_the_settings_is_asked(place: S3Place, keyrings: Keyrings) -> None:
    asked = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1])
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    away = replace(place, endpoint="http://bucket.example", proxy=f"http://127.0.0.1:{port}")
    async with server:
        with pytest.raises(StoreUnavailable):
            await EncryptedObjects(S3Blobs(away), keyrings).exists(NAME)

    assert asked[0].startswith(b"http://bucket.example/")


@pytest.mark.integration
async def test_the_key_of_a_file_is_wrapped_by_the_newest_key_and_the_older_one_can_go(
    objects: EncryptedObjects, keyrings: Keyrings, place: S3Place
) -> None:
    name = await objects.put(PDF, "application/pdf")
    older = str(keyrings.keys("object")[0].kid)
    keyrings.rotate("object")
    assert await objects.rewrap(name, write=False)

    assert [await objects.rewrap(name), await objects.rewrap(name)] == [True, False]

    keyrings.drop("object", older)
    afresh = EncryptedObjects(S3Blobs(place), keyrings)
    assert await afresh.get(name) == PDF
    assert await afresh.media_type(name) == "application/pdf"
    assert name in [one async for one in afresh.encrypted_names()]
    assert await afresh.remove(name)


@pytest.mark.integration
async def test_a_file_whose_key_was_wrapped_again_is_deleted_whole(
    objects: EncryptedObjects, keyrings: Keyrings, place: S3Place
) -> None:
    name = await objects.put(PDF, "application/pdf")
    for _ in range(2):
        keyrings.rotate("object")
        await objects.rewrap(name)

    assert await objects.remove(name)

    assert not [each async for page in bucket_of(place).list() for each in page if name in each["path"]]
