"""Files of the demo: its log, and what its sandboxes handed over."""

from pathlib import Path

from integrations.registry import OUTSIDE_SYSTEMS


def log_file(home: Path) -> Path:
    """Where the demo keeps what its processes log."""
    return home / "run" / "demo.log"


def onboarding_complete(home: Path) -> bool:
    """Whether the sandboxes ran here before and handed everything over."""
    folder = home / "onboarding"
    handed_over = all((folder / f"{name}.json").exists() for name in OUTSIDE_SYSTEMS.sandboxes)
    return handed_over and (home / "run" / "ports.json").exists()
