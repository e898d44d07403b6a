"""Finds the package of the state that an installation serves."""

from pathlib import Path

DEFAULT = "uttarakhand"
"""The state of an installation that names none."""


def state_folder(state: str = DEFAULT) -> Path:
    """The folder of a state by its name below states/, or by its path where the package lies elsewhere.

    Raises FileNotFoundError.
    """
    below = Path(__file__).parent / state
    for folder in (below, Path(state)):
        if (folder / "services.csv").is_file():
            return folder
    known = ", ".join(sorted(path.parent.name for path in below.parent.glob("*/services.csv")))
    raise FileNotFoundError(f"no state package {state!r}; there are {known}, or name the folder of another")
