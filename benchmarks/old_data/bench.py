"""Takes old applications over as an administrator does, with their certificates: time, rows a second and memory.

    python -m benchmarks.old_data.bench [rows ...]

The files and the home lie in a folder of the system's temporary one, or in IMPORT_DIR, and are deleted at the end.
"""

import os
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from benchmarks.watching import watched
from states.packages import state_folder
from tests.support.legacy import old_rows, pdf_of, write_rows

SIZES = (10_000, 100_000)
"""Two, so that memory can be seen to stay where it is."""

ROOT = Path(__file__).resolve().parents[2]
FAULTY = 1_000
"""Every so many rows one names a channel that there is not."""

SOME_LEFT_OUT = 2
"""The exit status of an import that left rows out."""

APUNI = [sys.executable, "-m", "gateway.cli"]


def main(sizes: list[int]) -> None:
    """Every size in a home of its own."""
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=os.environ.get("IMPORT_DIR")) as folder:
            for name, line in measured(Path(folder), size):
                print(f"{time.strftime('%H:%M:%S')} {size}: {name}: {line}", flush=True)


def measured(folder: Path, size: int) -> Iterator[tuple[str, str]]:
    """What each command took, one after the other; raises RuntimeError where one did not do what it must."""
    home = folder / "home"
    for words in (["migrate"], ["catalogue", "import", str(state_folder())]):
        watched([*APUNI, *words], home, None)
    importing = importing_of(folder, size)
    steps = {
        "dry run": ([*importing, "--dry-run"], SOME_LEFT_OUT),
        "import": (importing, SOME_LEFT_OUT),
        "again, all are there": (importing, SOME_LEFT_OUT),
        "figures rebuild": (["figures", "rebuild"], 0),
        "verify": (["verify"], 0),
    }
    for name, (words, status) in steps.items():
        used = watched([*APUNI, *words], home, None, status=status)
        rate = f"{size / used['seconds']:,.0f} rows/s"
        yield name, f"{used['seconds']:.0f} s, {used['CPU']:.0f} s of CPU, {rate}, {used['MiB']:.0f} MiB at most"
    octets = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
    yield "home", f"{octets / size:,.0f} octets a row"
    shutil.rmtree(home)


def importing_of(folder: Path, many: int, first: int = 0) -> list[str]:
    """The words that import so many rows and their certificates, which are written to the folder; exit status 2."""
    rows = write_rows(folder / "old.jsonl", with_faults(many, first))
    certificates = tar_of(folder / "certificates.tar", many, first)
    return ["import-applications", str(rows), "--certificates", str(certificates)]


def with_faults(many: int, first: int) -> Iterator[dict[str, object]]:
    """The rows, a few of them wrong."""
    for number, row in enumerate(old_rows(many, first=first)):
        yield row | {"channel": "PIGEON"} if number % FAULTY == FAULTY - 1 else row


def tar_of(path: Path, many: int, first: int) -> Path:
    """The certificates that the rows name."""
    with tarfile.open(path, "w") as tar:
        for row in old_rows(many, first=first):
            if name := row.get("certificate_file"):
                content = pdf_of(int(Path(str(name)).stem))
                member = tarfile.TarInfo(str(name))
                member.size = len(content)
                tar.addfile(member, BytesIO(content))
    return path


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(SIZES))
