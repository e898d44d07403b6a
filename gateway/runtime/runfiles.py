"""Files by which the demo's processes find one another: ports and onboarding."""

import json
from pathlib import Path
from typing import Any

from domain.kernel import CommandFailed
from integrations.registry import OUTSIDE_SYSTEMS


class NotUp(CommandFailed):
    """A file that the sandboxes write is not there yet."""


def ports(home: Path) -> dict[str, Any]:
    """What `run/ports.json` says; raises NotUp."""
    return _read(_ports_file(home))


def onboarding(home: Path, system: str) -> dict[str, Any]:
    """What a sandbox handed over at its first start; raises NotUp."""
    return _read(home / "onboarding" / f"{system}.json")


def demo_partner(home: Path, system: str) -> dict[str, Any]:
    """A partner's settings in the demo: its fault-proxy port, and its onboarding file; raises NotUp."""
    hosted = (each.hosted_by for each in OUTSIDE_SYSTEMS if each.name == system and each.hosted_by)
    proxy, host = next(hosted, (system, system))
    try:
        port = ports(home)["proxies"][proxy]
    except (KeyError, TypeError):
        raise NotUp(f"{_ports_file(home)} names no port of {proxy}; are the sandboxes running?") from None
    base_url = f"http://127.0.0.1:{port}/{host}"
    return {"base_url": base_url, "browser_url": base_url, "given": onboarding(home, host)}


def _ports_file(home: Path) -> Path:
    return home / "run" / "ports.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotUp(f"{path} is not there; are the sandboxes running?") from None
    except OSError as error:
        raise NotUp(f"{path} cannot be read ({error.strerror})") from None
    except ValueError:
        raise NotUp(f"{path} does not hold JSON") from None
    if not isinstance(content, dict):
        raise NotUp(f"{path} does not hold an object")
    return content
