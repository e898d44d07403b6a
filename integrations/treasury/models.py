"""Models of the treasury's e-Challan."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from integrations.calling.onboarding import read_settings

MOST_HEADS = 5
"""A challan pays to at most so many heads of account."""

_HEAD = re.compile(r"\d{13,15}")


@dataclass(frozen=True, slots=True)
class TreasurySettings:
    """What the treasury hands over at onboarding. `browser_url` is the host as a browser reaches it.

    `heads` are heads of account by department; `*` is for every other one. `charge_head` is where the portal's
    charge goes. `key` seals the messages, `checksum_key` makes their checksums: both from the key file.
    """

    browser_url: str
    dept_code: str
    ddo_code: str
    treasury_code: str
    heads: Mapping[str, str]
    charge_head: str | None
    key: bytes = field(repr=False)
    checksum_key: bytes = field(repr=False)

    @classmethod
    def from_onboarding(cls, browser_url: str, given: Mapping[str, Any]) -> Self:
        """Read what the treasury handed over; raises KeyError for a missing part, ValueError for a spoilt one."""
        key = base64.b64decode(str(given["key"]), validate=True)
        if len(key) != 32:
            raise ValueError("the key has 32 octets")
        heads = {str(name): str(head) for name, head in dict(given["heads"]).items()}
        charge_head = str(given["charge_head"]) if given.get("charge_head") else None
        if not all(map(_HEAD.fullmatch, filter(None, (*heads.values(), charge_head)))):
            raise ValueError("a head of account has 13 to 15 digits")
        checksum_key = base64.b64decode(str(given["checksum_key"]), validate=True)
        named: dict[str, Any] = {"browser_url": browser_url, "heads": heads, "key": key, "checksum_key": checksum_key}
        return read_settings(cls, given, charge_head=charge_head, **named)

    def head_of(self, department: str | None) -> str | None:
        """The head that fees of a department go to; None where the treasury mapped none."""
        return self.heads.get(department or "*") or self.heads.get("*")


@dataclass(frozen=True, slots=True)
class Challan:
    """A payment that a citizen is sent to the treasury with; `heads` are pairs of head and paise."""

    reference: str
    service_code: str
    heads: tuple[tuple[str, int], ...]
    payer_name: str = field(repr=False)
    payer_mobile: str | None = field(repr=False)
    period: tuple[date, date]
    return_url: str

    @property
    def total_paise(self) -> int:
        """What all heads get together."""
        return sum(paise for _, paise in self.heads)
