"""INFERRED: the messages of e-Challan's department interface; to be replaced.

Source: docs/contracts/other_systems.md section 4. Settled by us where the contract is silent: the order of the pipe
string is that of the contract's list, with five pairs of head and amount; periods are `DD-MM-YYYY`; the checksum is the
last part, in hex, over all before it with its pipe; an enquiry is signed by `X-Checksum` over its body, the scroll over
its path; answers are `{"encdata": …}` or `{"errorCode": …}`; the scroll comes with `X-Checksum` over its bytes. Rupees
have two decimals, times are in India.
"""

import base64
import csv
import hashlib
import hmac
import io
import json
import os
import re
from datetime import date, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.fees.fees import FeeNews, FeeReceipt, ReportedState, ScrollLine
from domain.kernel import IST, paise_from_rupees, rupees
from domain.kernel.secret_comparison import is_same_secret
from integrations.calling.answers import read_object
from integrations.calling.errors import Foreign, Unreadable
from integrations.treasury.models import MOST_HEADS, Challan, TreasurySettings

PAY, VERIFY, SCROLLS = "/echallan/pay", "/echallan/api/verify", "/echallan/scroll"
CHECKSUM_HEADER, DEPARTMENT_HEADER = "X-Checksum", "X-Dept-Code"

STATES = {"S": ReportedState.SUCCESS, "F": ReportedState.FAILED, "P": ReportedState.PENDING, "X": ReportedState.EXPIRED}
"""`X`, an offline challan whose days are over, is INFERRED."""

CODES = {
    "E01": "bad checksum",
    "E02": "duplicate deptRefNo with other amount",
    "E03": "head not mapped to DDO",
    "E04": "amount mismatch",
    "E05": "treasury closed (year end)",
    "E06": "deptRefNo unknown (INFERRED)",
    "E99": "internal",
}
CLOSED, UNKNOWN, INTERNAL, NOT_LET_IN = "E05", "E06", "E99", frozenset({"E01", "E03"})

SCROLL_COLUMNS = ["grn", "cin", "deptRefNo", "head", "amount", "scrollDate", "status"]
MOST_LINES = 500_000
_NONCE, _TAG = 12, 16
_CODE = re.compile(r"E\d\d")
_REFERENCE = re.compile(r"[A-Za-z0-9]{1,20}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9./ -]{0,39}")
_HEAD = re.compile(r"\d{13,15}")


def seal(key: bytes, text: str, nonce: bytes | None = None) -> str:
    """Base64(iv ‖ AES-256-GCM(text)); the iv is drawn anew for each message."""
    nonce = nonce or os.urandom(_NONCE)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), None)).decode()


def unseal(key: bytes, encdata: str) -> str:
    """What was sealed; raises Foreign for what the treasury's key did not seal."""
    try:
        raw = base64.b64decode(encdata, validate=True)
        if len(raw) < _NONCE + _TAG:
            raise Foreign("encdata")
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], None).decode()
    except (InvalidTag, ValueError) as error:
        raise Foreign("encdata") from error


def checksum(key: bytes, content: bytes) -> str:
    """HMAC-SHA256 in hex."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def is_genuine(key: bytes, content: bytes, given: str) -> bool:
    """Whether a checksum is the content's, in constant time."""
    return is_same_secret(given.strip().lower(), checksum(key, content))


def challan_text(challan: Challan, settings: TreasurySettings) -> str:
    """The pipe string of a payment, with its checksum. Raises ValueError for more than five heads."""
    if not 1 <= len(challan.heads) <= MOST_HEADS or not all(_HEAD.fullmatch(head) for head, _ in challan.heads):
        raise ValueError("a challan has one to five heads of 13 to 15 digits")
    pairs = [part for head, paise in challan.heads for part in (head, rupees(paise))]
    pairs += [""] * (2 * MOST_HEADS - len(pairs))
    parts = [
        settings.dept_code,
        challan.service_code,
        settings.ddo_code,
        settings.treasury_code,
        *pairs,
        rupees(challan.total_paise),
        challan.reference,
        challan.payer_name,
        challan.payer_mobile or "",
        *(f"{day:%d-%m-%Y}" for day in challan.period),
        challan.return_url,
    ]
    text = "".join(f"{_plain(part)}|" for part in parts)
    return text + checksum(settings.checksum_key, text.encode())


def read_news(text: str, heard_at: datetime) -> tuple[str, FeeNews]:
    """Our reference and what the treasury says of it, of a return or an enquiry. Raises Unreadable.

    A success without a time that can be read is a success: `heard_at` stands for the time, marked as such.
    """
    parts = text.split("|")
    if len(parts) < 9:
        raise Unreadable("parts")
    reference, grn, challan_no, cin, bank, amount, status, paid_at, mode = parts[:9]
    if not _REFERENCE.fullmatch(reference):
        raise Unreadable("deptRefNo")
    state = STATES.get(status)
    if state is None:
        raise Unreadable("status")
    paise = _paise(amount)
    if state is not ReportedState.SUCCESS:
        return reference, FeeNews(state, paise)
    if not _WORD.fullmatch(grn):
        raise Unreadable("grn")
    told = _instant(paid_at)
    words = (_word(challan_no), _word(cin), _word(bank), _word(mode))
    return reference, FeeNews(state, paise, FeeReceipt(grn, *words, told or heard_at, paid_at_heard=told is None))


def enquiry(reference: str) -> bytes:
    """The body of an enquiry."""
    return json.dumps({"deptRefNo": reference}).encode()


def read_answer(content: bytes) -> tuple[str | None, str | None]:
    """The sealed part of an answer, or its error code. Raises Unreadable."""
    body = read_object(content, "body")
    code, encdata = body.get("errorCode"), body.get("encdata")
    if isinstance(code, str) and _CODE.fullmatch(code):
        return None, code
    if not isinstance(encdata, str):
        raise Unreadable("encdata")
    return encdata, None


def scroll_name(dept_code: str, day: date) -> str:
    """The name of the scroll of a day."""
    return f"ECH_{dept_code}_{day:%d%m%Y}.csv"


def read_scroll(content: bytes, day: date) -> list[ScrollLine]:
    """The lines of a scroll, all or none. Raises Unreadable with the number of the line that is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("not_UTF-8") from error
    rows = csv.reader(io.StringIO(text), strict=True)
    lines: list[ScrollLine] = []
    try:
        if next(rows, None) != SCROLL_COLUMNS:
            raise Unreadable("line_1")
        for number, row in enumerate(rows, start=2):
            if number > MOST_LINES:
                raise Unreadable("too_many_lines")
            lines.append(_line(row, day, number))
    except csv.Error as error:
        raise Unreadable("not_CSV") from error
    return lines


def _line(row: list[str], day: date, number: int) -> ScrollLine:
    if len(row) != len(SCROLL_COLUMNS):
        raise Unreadable(f"line_{number}")
    grn, cin, reference, head, amount, scrolled_on, status = row
    good = _WORD.fullmatch(grn) and _WORD.fullmatch(cin) and _WORD.fullmatch(reference) and _HEAD.fullmatch(head)
    if not good or status not in {"S", "SUCCESS"}:
        raise Unreadable(f"line_{number}")
    try:
        told = datetime.strptime(scrolled_on, "%d-%m-%Y").date()  # noqa: DTZ007 - a day in India
        paise = paise_from_rupees(amount)
    except (ValueError, ArithmeticError) as error:
        raise Unreadable(f"line_{number}") from error
    if told != day or paise <= 0:
        raise Unreadable(f"line_{number}")
    return ScrollLine(grn, cin, reference, head, paise, told, status)


def _plain(part: str) -> str:
    """A part without what would end it."""
    return re.sub(r"[|\r\n\t]+", " ", part).strip()


def _word(text: str) -> str | None:
    if not text.strip():
        return None
    if not _WORD.fullmatch(text.strip()):
        raise Unreadable("receipt")
    return text.strip()


def _paise(text: str) -> int:
    try:
        return paise_from_rupees(text)
    except (ValueError, ArithmeticError) as error:
        raise Unreadable("amount") from error


def _instant(text: str) -> datetime | None:
    """A time of the treasury; None where there is none that can be read."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=IST)
    except ValueError:
        return None
