"""What is lost of an operation's answer while a system is away: path by path, against the healthy answer."""

from collections.abc import Iterable, Mapping
from typing import Any

VOLATILE = ("asOf", "ageSeconds", "workingDaysLeft", "linkedAt", "retryAfterSeconds")
"""Fields that differ from call to call."""

SOURCES = "sources"
"""The field that tells of the systems themselves; it is compared on its own."""


def losses(healthy: Any, seen: Any, path: str = "") -> dict[str, str]:
    """Each path that differs, and how: `null`, `shorter list`, `false`, `STALE`, `DOWN` or `other value`."""
    if isinstance(healthy, Mapping) and isinstance(seen, Mapping):
        found: dict[str, str] = {}
        for name, value in healthy.items():
            if name not in VOLATILE and name != SOURCES:
                found |= losses(value, seen.get(name), f"{path}.{name}" if path else name)
        return found
    if isinstance(healthy, list) and isinstance(seen, list):
        return _in_lists(healthy, seen, path)
    return {} if _plain(healthy) == _plain(seen) else {path: _word(seen)}


def _in_lists(healthy: list[Any], seen: list[Any], path: str) -> dict[str, str]:
    if len(seen) < len(healthy):
        return {path: "shorter list"}
    found: dict[str, str] = {}
    for before, now in zip(healthy, seen, strict=False):
        found |= losses(before, now, f"{path}[]")
    return found


def _plain(value: Any) -> Any:
    """A fresh copy is as good as an answer of now."""
    return "LIVE" if value == "CACHED" else value


def _word(seen: Any) -> str:
    if seen is None:
        return "null"
    if isinstance(seen, str) and seen in {"STALE", "DOWN", "QUEUED", "LIVE", "CACHED"}:
        return seen
    return str(seen).lower() if isinstance(seen, bool) else "other value"


def coded(errors: Iterable[Mapping[str, Any]]) -> list[str]:
    """The errors of an answer as `code source path`, once each."""
    lines = {
        f"{error['extensions']['code']} {error['extensions'].get('source')} at "
        + ".".join("[]" if isinstance(step, int) else step for step in error["path"])
        for error in errors
    }
    return sorted(lines)
