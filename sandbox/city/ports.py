"""The file with the loopback ports of a demo's processes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.city.kit import write_onboarding


def read_ports(home: Path) -> dict[str, Any]:
    """The content of `run/ports.json`; empty where there is none or it is not a JSON object."""
    try:
        ports = json.loads(_file(home).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return ports if isinstance(ports, dict) else {}


def merge_ports(home: Path, ports: Mapping[str, Any]) -> None:
    """Write these keys over those of `run/ports.json`, and leave the others."""
    write_onboarding(_file(home), {**read_ports(home), **ports})


def _file(home: Path) -> Path:
    return home / "run" / "ports.json"
