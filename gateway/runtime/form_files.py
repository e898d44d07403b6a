"""Reads the form files of a folder; actions/catalogue/form_import.py checks their content."""

from pathlib import Path

from domain.catalogue.form_bounds import LARGEST_FILE
from states.packages import state_folder


def form_files(folder: Path | None = None) -> dict[str, bytes]:
    """The files `*.json` of a folder, else of the default state, by name; a large one only in part. Raises OSError."""
    read: dict[str, bytes] = {}
    for path in sorted((folder or state_folder() / "forms").glob("*.json")):
        with path.open("rb") as file:
            read[path.name] = file.read(LARGEST_FILE + 1)
    return read
