"""Atomic writes: temporary file, fsync, rename.

They are for this user alone (mode 0600). A death leaves `.new-…` at most, which nothing reads.
"""

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file, in the place of one that is there. Raises OSError; the folder is to be there."""
    temporary = _write_temporary(path, content)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def create_atomically(path: Path, content: bytes) -> bool:
    """Write a file unless it is there, and say whether it was; of several processes the first wins. Raises OSError."""
    temporary = _write_temporary(path, content)
    try:
        path.hardlink_to(temporary)  # fails where the name exists, as a rename does not
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    return True


def sync_folder(folder: Path) -> None:
    """Have the names in a folder outlive a loss of power, as the content of a file does once it was synced."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_temporary(path: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
