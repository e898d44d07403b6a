"""The forms of days and instants that a file lists, such as `dd-MM-yyyy`; nothing is read in another form."""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache

from domain.kernel import IST
from integrations.connectors.faults import RuleBroken

EARLIEST_YEAR, LATEST_YEAR = 1850, 2200
"""A land record may be old; whatever lies outside is a slip or a default of somebody's database."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TOKEN = re.compile(r"yyyy|MMM|MM|dd|HH|mm|ss|([-/.: T,])|(.)")
_PATTERNS = {
    "yyyy": r"(?P<year>[0-9]{4})",
    "MM": r"(?P<month>[0-9]{1,2})",
    "MMM": rf"(?P<name>{'|'.join(_MONTHS)})",
    "dd": r"(?P<day>[0-9]{1,2})",
    "HH": r"(?P<hour>[0-9]{2})",
    "mm": r"(?P<minute>[0-9]{2})",
    "ss": r"(?P<second>[0-9]{2})",
}
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ISO_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)
_WRITTEN = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "MMM": "%b"}

Reader = Callable[[str], datetime | None]
"""Reads a text of the form; None where it has another one. Raises ValueError for a day that does not exist."""


@lru_cache(256)
def parse_form(form: str, *, instant: bool) -> Reader:
    """What reads a form. A time without an offset is India's. Raises RuleBroken for what is no form.

    `iso` is RFC 3339 for an instant, `epoch` are seconds and `epoch_ms` milliseconds since 1970.
    """
    if form == "iso":
        return _iso_instant if instant else _iso_day
    if instant and form in ("epoch", "epoch_ms"):
        scale = 1000 if form == "epoch_ms" else 1
        return lambda text: _epoch(text, scale)
    tokens = list(_TOKEN.finditer(form))
    names = [token[0] for token in tokens if token[0] in _PATTERNS]
    months = names.count("MM") + names.count("MMM")
    whole = months == 1 and len(set(names)) == len(names) and {"yyyy", "dd"} < {*names}
    if not whole or any(token[2] for token in tokens):
        raise RuleBroken(f"`{form}` is no form of a date", "Use `iso` or yyyy, MM or MMM, dd, HH, mm, ss once each.")
    if not instant and {"HH", "mm", "ss"} & set(names):
        raise RuleBroken(f"`{form}` has a time", "Read it as an instant, or leave the time out.")
    pattern = re.compile("".join(_PATTERNS.get(token[0]) or re.escape(token[0]) for token in tokens), re.IGNORECASE)
    return lambda text: _by_pattern(pattern, text)


def write_form(form: str, value: date) -> str:
    """A day or an instant in a form."""
    local = value.astimezone(IST) if isinstance(value, datetime) else value
    if form == "iso":
        return local.isoformat()
    if form in ("epoch", "epoch_ms") and isinstance(value, datetime):
        return str(int(value.timestamp() * (1000 if form == "epoch_ms" else 1)))
    return "".join(
        local.strftime(_WRITTEN[token[0]]) if token[0] in _WRITTEN else token[0] for token in _TOKEN.finditer(form)
    )


def _by_pattern(pattern: re.Pattern[str], text: str) -> datetime | None:
    found = pattern.fullmatch(text)
    if found is None:
        return None
    parts = found.groupdict()
    month = int(parts["month"]) if "month" in parts else _MONTHS.index(parts["name"].lower()) + 1
    hour, minute, second = int(parts.get("hour", 0)), int(parts.get("minute", 0)), int(parts.get("second", 0))
    return datetime(int(parts["year"]), month, int(parts["day"]), hour, minute, second, tzinfo=IST)


def _iso_day(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=IST) if _ISO_DAY.fullmatch(text) else None


def _iso_instant(text: str) -> datetime | None:
    if not _ISO_INSTANT.match(text):
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=IST)


def _epoch(text: str, scale: int) -> datetime | None:
    return datetime.fromtimestamp(int(text) / scale, IST) if re.fullmatch(r"-?[0-9]{1,14}", text) else None
