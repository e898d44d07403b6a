"""What operators compare a text with: the registered templates, and what is wrong with a text that is sent under one.

Written from docs/contracts/messages.md sections 3 and 4 alone. The registers are those of the states in the checkout.
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

_TAGS = {"numeric": r"[0-9]{1,40}", "alphanumeric": r"[^\n]{1,40}"}


def read_registers() -> dict[str, str]:
    """The registered texts of every state by their template ids."""
    folder = Path(__file__).resolve().parents[2] / "states"
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*/messages/registered.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found |= {row["template"]: row["text"] for row in csv.DictReader(file)}
    return found


def scrub_code(registers: Mapping[str, str], template: str, text: str) -> int | None:
    """The code by which operators let a text die: 630 for an unknown template, 633 for another text; None for none."""
    if template not in registers:
        return 630
    parts = re.split(r"\{#([a-z]+)#\}", registers[template])
    pattern = "".join(
        re.escape(part) if at % 2 == 0 else _TAGS.get(part, "[^ ]{1,40}") for at, part in enumerate(parts)
    )
    return None if re.fullmatch(pattern, text) else 633
