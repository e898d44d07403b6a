"""Files in a real S3-compatible server (SeaweedFS from a wheel), and the signatures it lets us in by."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from domain.kernel import SystemClock
from store.database import ObjectDamaged, StoreUnavailable
from store.database.s3_objects import ATTEMPTS, Credentials, S3Objects, S3Place, signed_headers
from tests.support.object_server import object_server

PDF = b"%PDF-1.7 a certificate"


class QuickClock(SystemClock):
    """The machine's clock; waits are counted and not waited for."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Place]:
    with object_server(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture
async def objects(place: S3Place) -> AsyncIterator[S3Objects]:
    async with S3Objects.connect(place, SystemClock()) as opened:
        yield opened


def test_a_request_is_signed_as_the_documentation_of_the_protocol_signs_it() -> None:
    """The example "GET object" of the Amazon S3 API, "Authenticating Requests (AWS Signature Version 4)"."""
    by = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    signed = signed_headers(
        "GET",
        "https://examplebucket.s3.amazonaws.com/test.txt",
        {"Range": "bytes=0-9"},
        body_sha256=empty,
        by=by,
        at=datetime(2013, 5, 24, tzinfo=UTC),
    )
    assert signed["authorization"].endswith(
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )
    assert "wJalr" not in repr(by)


@pytest.mark.integration
async def test_a_file_is_kept_once_read_and_deleted(objects: S3Objects) -> None:
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
async def test_what_is_not_there_or_no_name_is_none(objects: S3Objects, name: str) -> None:
    assert await objects.get(name) is None
    assert not await objects.exists(name)
    assert not await objects.remove(name)


@pytest.mark.integration
async def test_a_file_whose_content_was_changed_is_not_given(objects: S3Objects, place: S3Place) -> None:
    name = await objects.put(b"as it was", "text/plain")
    url = f"{place.endpoint}/{place.bucket}/{place.prefix}{name[:2]}/{name[2:4]}/{name}"
    now = SystemClock().now()
    signed = signed_headers("PUT", url, {}, body_sha256="UNSIGNED-PAYLOAD", by=place.credentials, at=now)
    async with httpx.AsyncClient() as client:
        assert (await client.put(url, headers=signed, content=b"changed")).status_code == 200
    with pytest.raises(ObjectDamaged):
        await objects.get(name)


@pytest.mark.integration
async def test_a_wrong_key_is_refused_and_not_tried_again(place: S3Place) -> None:
    clock = QuickClock()
    wrong = replace(place, credentials=replace(place.credentials, secret_key="another"))
    async with S3Objects.connect(wrong, clock) as objects:
        with pytest.raises(StoreUnavailable, match="403"):
            await objects.put(PDF, "application/pdf")
    assert clock.waits == []


@pytest.mark.integration
async def test_a_bucket_that_is_not_there_is_no_file_that_is_not_there(place: S3Place) -> None:
    async with S3Objects.connect(replace(place, bucket="no-such-bucket"), QuickClock()) as objects:
        with pytest.raises(StoreUnavailable):
            await objects.get("0" * 64)
        with pytest.raises(StoreUnavailable):
            await objects.put(PDF, "application/pdf")


async def test_a_store_that_does_not_answer_is_asked_again_and_then_told() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        if len(asked) == 1:
            raise httpx.ConnectError("no line")
        return httpx.Response(503)

    clock = QuickClock()
    place = S3Place("http://s3.test", "apuni", Credentials("a", "b", "us-east-1"))
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(StoreUnavailable, match="503"):
            await S3Objects(place, client, clock).get("0" * 64)
    assert asked == ["GET"] * ATTEMPTS
    assert clock.waits == [0.1, 0.4]


async def test_a_passing_fault_is_not_seen() -> None:
    answers = iter([httpx.Response(500), httpx.Response(200, content=b"x")])
    place = S3Place("http://s3.test", "apuni", Credentials("a", "b", "us-east-1"))
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: next(answers))) as client:
        objects = S3Objects(place, client, QuickClock())
        assert await objects.get("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881") == b"x"
