"""The people of the Parichay and Jan Parichay sandbox, from the demo's data."""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_GENDERS = {"M": "Male", "F": "Female", "T": "Transgender"}

ELSEWHERE = "official-elsewhere"
"""An official of another state: Parichay knows her, the register of officers does not."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the login page shows her, and as `userdetails` tells her."""

    key: str
    name: str
    detail: str
    details: Mapping[str, str]


def officials(demo: Mapping[str, Any]) -> dict[str, Person]:
    """The officers of the demo, and one whom the portal does not know."""
    stranger = {
        "key": ELSEWHERE,
        "email": "official-elsewhere@elsewhere.example",
        "first_name": "Another",
        "last_name": "Official",
        "name_en": "Another Official",
        "mobile": "9800100999",
        "designation_en": "Officer of another state",
    }
    centres = [row for row in demo.get("operators", []) if "first_name" in row]  # of e-District: they come by Parichay
    keepers = demo.get("rosters", {}).get("keepers", [])  # principals and camp officers
    return {str(row["key"]): _official(row) for row in [*demo.get("officers", []), *centres, *keepers, stranger]}


def citizens(demo: Mapping[str, Any]) -> dict[str, Person]:
    """The people of the demo."""
    return {str(row["key"]): _citizen(row) for row in demo.get("people", [])}


def _official(row: Mapping[str, Any]) -> Person:
    details = _details(row["first_name"], row["last_name"], row["email"], row["mobile"], row.get("gender"))
    return Person(str(row["key"]), str(row["name_en"]), str(row["designation_en"]), details)


def _citizen(row: Mapping[str, Any]) -> Person:
    first, _, last = str(row["name_en"]).rpartition(" ")
    details = _details(first or last, last if first else "", row["email"], row["mobile"], row.get("gender"))
    return Person(str(row["key"]), str(row["name_en"]), f"mobile ending in {str(row['mobile'])[-4:]}", details)


def _details(first: str, last: str, email: str, mobile: str, gender: str | None) -> dict[str, str]:
    details = {"FirstName": first, "LastName": last, "Email": email, "MobileNo": mobile}
    return {**details, "Gender": _GENDERS[gender]} if gender in _GENDERS else details


def random_uuid() -> str:
    """A random UUID, as the providers make their identifiers."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
