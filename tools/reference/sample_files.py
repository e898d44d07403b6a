"""Sample calls of a partner in docs/partners: written as the code makes them, or compared with it."""

from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, bytes]
"""The content of each file by its path below the partner's folder."""

FOLDER = "samples"


def write(pages: Path, files: Files) -> None:
    """Write the files; those of earlier samples go."""
    (pages / FOLDER).mkdir(parents=True, exist_ok=True)
    for old in (pages / FOLDER).iterdir():
        old.unlink()
    for name, content in files.items():
        (pages / name).write_bytes(content)


def outdated_files(pages: Path, files: Files) -> list[str]:
    """The names of files that are not what the code makes, and of those that it does not make."""
    there = {f"{FOLDER}/{path.name}": path.read_bytes() for path in (pages / FOLDER).glob("*")}
    return sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
