"""What the checks of the PFMS sandbox share: codes, what was found in a file, its header, and values of elements."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from stdnum.in_ import aadhaar

from integrations.calling import safe_xml
from sandbox.dbt_finance.pfms.store import Books

MALFORMED, HEADER, BATCH, DUPLICATE = "DBE0001", "DBE0002", "DBE0003", "DBE0004"
EXISTS, MISSING, BAD_ACCOUNT, NO_ACCOUNT = "DBE0006", "DBE0007", "DBE0008", "DBE0010"
BAD_MOBILE, BAD_PLACE, BAD_PURPOSE, BAD_IFSC, TWICE = "DBE0011", "DBE0012", "DBE0014", "DBE0015", "DBE0018"
NO_BANK = "DBE0009"
DATE_PAST = "DBE0019"
"""The day on which the batch was to be carried out is over (no public code; docs/contracts/dbt_finance.md 2.6)."""


@dataclass(slots=True)
class Examined:
    """What was found in a file. `line_codes` name the lines that are wrong; `signed` None where no signature is."""

    message_id: str | None = None
    batch_id: str | None = None
    codes: list[str] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    line_codes: dict[str, str] = field(default_factory=dict)
    scheme: str = ""
    method: str = ""
    signed: bool | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    """What was arranged for the file (`verdicts` of times.py)."""

    @property
    def rejected(self) -> bool:
        """Whether the whole batch is rejected."""
        return bool(self.codes or self.line_codes or ("codes" in self.told and not self.told.get("late")))


@dataclass(frozen=True, slots=True)
class Rules:
    """What the checks know: the source's enrolment, the books, the day, the key of the HMAC, and who may sign."""

    client: Mapping[str, Any]
    books: Books
    today: date
    hmac_key: bytes
    signers: tuple[str, ...]
    """The certificates of the source that are enrolled, as PEM."""


class Reader:
    """Finds values by their path in one namespace."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def path(self, path: str) -> str:
        """A path as the parser takes it."""
        return "/".join(f"{{{self._namespace}}}{name}" for name in path.split("/"))

    def text(self, element: safe_xml.Element, path: str) -> str:
        """The trimmed text of an element, empty where it is not there."""
        return (element.findtext(self.path(path)) or "").strip()

    def find_all(self, element: safe_xml.Element, path: str) -> list[safe_xml.Element]:
        """All elements of a path."""
        return element.findall(self.path(path))


def agency_codes(rules: Rules) -> set[str]:
    """The codes of the agencies that the source may send files of."""
    return {rules.client["agency"]["code"], *(each["code"] for each in rules.client["agencies"].values())}


def is_day(text: str) -> bool:
    """Whether a text is a day, as `YYYY-MM-DD`."""
    return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None


def check_header(
    root: safe_xml.Element, reader: Reader, found: Examined, rules: Rules, said: tuple[str, str, str, str]
) -> None:
    """Check the header of a file; `said` is its base, its kind, its receiver and how many lines it has."""
    base, kind, receiver, count = said
    head = {name: reader.text(root, f"{base}/GrpHdr/{name}") for name in ("MsgId", "CreDtTm", "NbOfTxs", "Src", "Dest")}
    source = str(rules.client["source_id"])
    agency = reader.text(root, f"{base}/GrpHdr/InitgPty/PrTry/Id")
    wrong = (
        head["MsgId"] != found.message_id,
        not re.fullmatch(rf"{re.escape(source)}DBT{kind}REQ[0-9]{{9,12}}", head["MsgId"]),
        not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", head["CreDtTm"]),
        head["Src"] != source or head["Dest"] != receiver,
        agency not in agency_codes(rules) or not reader.text(root, f"{base}/GrpHdr/InitgPty/Nm"),
    )
    if any(wrong):
        found.codes.append(HEADER)
    if head["NbOfTxs"] != count or count == "0":
        found.codes.append(BATCH)


def check_known_batch(found: Examined, rules: Rules) -> None:
    """Note where a message or batch under these ids came before."""
    before = rules.books.first_row(
        "SELECT id FROM message WHERE id = ? OR batch = ?", found.message_id or "", found.batch_id or ""
    )
    if before is not None:
        found.codes.append(DUPLICATE)


def terms_of(scheme: str, rules: Rules) -> Mapping[str, Any]:
    """What was agreed for the scheme of a file."""
    codes: Mapping[str, str] = rules.client["scheme_codes"]
    ours = next((ours for ours, theirs in codes.items() if theirs == scheme), "")
    agreed: Mapping[str, Any] = rules.client["schemes"].get(ours, {})
    return agreed


def paise(amount: str) -> int | None:
    """Rupees with two decimals in paise; None where it is no such amount."""
    match = re.fullmatch(r"([0-9]{1,13})\.([0-9]{2})", amount)
    return int(match[1]) * 100 + int(match[2]) if match else None


def hmac_of(rules: Rules, number: str) -> str | None:
    """By what an account or Aadhaar number is known here."""
    return hmac.new(rules.hmac_key, number.encode(), hashlib.sha256).hexdigest() if number else None


def is_aadhaar(number: str) -> bool:
    """Whether a number is an Aadhaar number."""
    return bool(re.fullmatch(r"[0-9]{12}", number)) and bool(aadhaar.is_valid(number))
