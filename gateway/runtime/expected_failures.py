"""Expected failures of a command, and their messages."""

from pathlib import Path

from domain.kernel import CommandFailed


def check_writable(folder: Path) -> None:
    """Make a home where there is none. Raises CommandFailed where nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".write-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CommandFailed(
            f"the folder {folder} cannot be written to ({error.strerror}); choose another with APUNI_HOME"
        ) from error


def lines_of(error: Exception) -> list[str]:
    """One line for each reason; none where the failure is a defect, which needs its trace.

    The store is imported here, so that a command that works does not load what it does not need.
    """
    from store.database import StoreError

    if isinstance(error, CommandFailed):
        return error.reasons
    if isinstance(error, StoreError):
        return [" ".join(str(error).split()) or type(error).__name__]
    if isinstance(error, OSError) and error.filename is not None:
        return [f"{error.filename} cannot be used ({error.strerror})"]
    return []
