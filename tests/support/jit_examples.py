"""The examples of docs/contracts/dbt_finance.md section 5.8, as the contract prints them."""

import json
from dataclasses import dataclass
from typing import Any

from tests.support.actions import ROOT


@dataclass(frozen=True)
class Example:
    """One call: the inner message of the request, and the decrypted answer as text."""

    service: str
    params: dict[str, Any]
    answer: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return list(json.loads(self.answer)["data"])


def examples() -> list[Example]:
    """All examples, in their order."""
    text = (ROOT / "docs/contracts/dbt_finance.md").read_text(encoding="utf-8")
    block = text.partition("### 5.8 ")[2].split("```")[1]
    lines = [line for line in block.splitlines() if line.strip()]
    found = []
    for asked, told in zip(lines[::2], lines[1::2], strict=True):
        message = json.loads(asked)
        found.append(Example(message["serviceId"], message["params"], told.removeprefix("← ")))
    return found


def of_service(service: str) -> list[Example]:
    """The examples of one service: first a success."""
    return [example for example in examples() if example.service == service]
