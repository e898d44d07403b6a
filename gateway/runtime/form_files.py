"""Reads the form files of a folder; actions/catalogue/form_import.py checks their content."""

from pathlib import Path

from domain.catalogue.form_bounds import LARGEST_FILE

FOLDER = Path(__file__).parents[2] / "catalogue_data" / "forms"
"""The forms that come with the gateway."""


def form_files(folder: Path = FOLDER) -> dict[str, bytes]:
    """The files `*.json` of a folder by name; of one that is too large only as much as shows that. Raises OSError."""
    read: dict[str, bytes] = {}
    for path in sorted(folder.glob("*.json")):
        with path.open("rb") as file:
            read[path.name] = file.read(LARGEST_FILE + 1)
    return read
