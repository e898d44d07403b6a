"""ClamAV's daemon as scanner: its INSTREAM command over a socket, and what counts as no answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actions.kernel.scanner import EICAR, EicarScanner, ScannerAway
from gateway.runtime.scanning import CHUNK, ClamdScanner, scanner_of
from gateway.settings.files import MalwareScanner

pytestmark = pytest.mark.integration


@asynccontextmanager
async def clamd(folder: Path, answer: Callable[[bytes], bytes | None]) -> AsyncIterator[str]:
    """A daemon that reads a stream as clamd does, and answers it; None closes without an answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            assert size <= CHUNK
            content += await reader.readexactly(size)
        told = answer(content)
        if told is not None:
            writer.write(told)
            await writer.drain()
        writer.close()

    path = folder / "clamd.sock"
    server = await asyncio.start_unix_server(serve, path)
    async with server:
        yield str(path)


def as_clamd(content: bytes) -> bytes:
    return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


async def test_a_file_is_sent_in_chunks_and_the_finding_is_told(tmp_path):
    async with clamd(tmp_path, as_clamd) as address:
        scanner = ClamdScanner(address, 5)
        assert await scanner.scan(b"x" * (3 * CHUNK + 1)) is None
        assert await scanner.scan(b"") is None
        assert await scanner.scan(b"x" * CHUNK + EICAR) == "Eicar-Test-Signature"


@pytest.mark.parametrize(
    "told",
    [None, b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK", b"\0", b"x" * 5000],
    ids=["closes", "too large for it", "cut off", "says nothing", "says too much"],
)
async def test_what_is_no_clear_answer_is_no_answer(tmp_path, told):
    async with clamd(tmp_path, lambda _: told) as address:
        with pytest.raises(ScannerAway):
            await ClamdScanner(address, 5).scan(b"file")


async def test_a_daemon_that_is_not_there_or_silent_is_away(tmp_path):
    with pytest.raises(ScannerAway):
        await ClamdScanner(str(tmp_path / "no.sock"), 5).scan(b"file")

    with socket.socket(socket.AF_UNIX) as silent:  # connections are taken by the system, and nobody reads them
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()
        with pytest.raises(ScannerAway):
            await ClamdScanner(str(tmp_path / "silent.sock"), 0.05).scan(b"file")


def test_without_an_address_only_the_test_file_is_found():
    assert isinstance(scanner_of(MalwareScanner()), EicarScanner)
    assert isinstance(scanner_of(MalwareScanner(address="127.0.0.1:3310")), ClamdScanner)
