"""`make clamav`: ClamAV's own daemon is asked, and understood. It must be installed, as it comes in no wheel."""

import asyncio
import shutil
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import pytest

from actions.kernel.scanner import EICAR, ScannerAway
from gateway.installation.checks import State
from gateway.installation.servers import check_scanner
from gateway.runtime.scanning import CHUNK, ClamdScanner
from gateway.settings.settings import Settings
from tests.support.eventually import eventually

pytestmark = pytest.mark.integration


@asynccontextmanager
async def clamd(folder: Path) -> AsyncIterator[str]:
    """ClamAV's own daemon with one signature, which is that of the test file; gives its socket."""
    assert shutil.which("clamd"), "install ClamAV's daemon first (clamd)"
    (folder / "signatures").mkdir()
    (folder / "signatures" / "own.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
    settings = folder / "clamd.conf"
    address = folder / "clamd.sock"
    lines = (f"DatabaseDirectory {folder / 'signatures'}", f"LocalSocket {address}", "Foreground yes")
    settings.write_text("\n".join((*lines, "StreamMaxLength 1M")) + "\n")
    quiet = asyncio.subprocess.DEVNULL
    daemon = await asyncio.create_subprocess_exec("clamd", "-c", settings, stdout=quiet, stderr=quiet)
    try:
        await asyncio.to_thread(eventually, lambda: (address.exists(), daemon.returncode is not None), any)
        assert daemon.returncode is None, "clamd did not start"
        yield str(address)
    finally:
        if daemon.returncode is None:
            daemon.terminate()
        await daemon.wait()


async def test_clamav_itself_is_understood_also_about_an_archive_and_what_is_too_large_for_it(tmp_path: Path) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("paper.com", EICAR)
    async with clamd(tmp_path) as address:
        scanner = ClamdScanner(address, 30)
        assert await scanner.scan(b"") is None
        assert await scanner.scan(b"x" * (3 * CHUNK + 1)) is None
        for infected in (EICAR, b"%PDF-1.7\n" + EICAR + b"\n%%EOF", packed.getvalue()):
            assert (await scanner.scan(infected) or "").startswith("Eicar-Test-Signature")
        [found] = await check_scanner(Settings.model_validate({"scanner": {"address": address}}))
        assert (found.state, found.found) == (State.OK, f"{address} finds the test file")
        with pytest.raises(ScannerAway):
            await scanner.scan(b"x" * (2 * 1024 * 1024))
