"""The daily scroll of the treasury sandbox: a file of a day's payments, available at six the next morning."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sandbox.treasury.challans import INDIA, booked_paise, cin, grn, paid_at, rupees, status

COLUMNS = ("grn", "cin", "deptRefNo", "head", "amount", "scrollDate", "status")
READY_AT = time(6, 0)


def is_ready(day: date, now: datetime) -> bool:
    """Whether the scroll of a day is there: from six o'clock of the next day."""
    return now.astimezone(INDIA) >= datetime.combine(day + timedelta(days=1), READY_AT, INDIA)


def scroll(
    day: date, challans: Iterable[Mapping[str, Any]], unknown: Iterable[Mapping[str, Any]], now: datetime
) -> bytes:
    """The file: a line for each head of each challan; `unknown` are payments that no department sent."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for challan in challans:
        if status(challan, now) == "S" and challan["scrolled"] and _scroll_day(challan) == day:
            for head, amount in _heads(challan):
                number, own = grn(challan), challan["reference"]
                rows.writerow((number, cin(challan), own, head, rupees(amount), f"{day:%d-%m-%Y}", "S"))
    for row in unknown:
        if row["day"] == day.isoformat():
            receipt = (row["grn"], row["cin"], row["reference"])
            rows.writerow((*receipt, row["head"], rupees(row["paise"]), f"{day:%d-%m-%Y}", "S"))
    return text.getvalue().encode()


def _scroll_day(challan: Mapping[str, Any]) -> date:
    later = challan.get("scroll_day")
    return date.fromisoformat(later) if later else paid_at(challan).astimezone(INDIA).date()


def _heads(challan: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What each head got; what was booked less, or more, shows at the first one."""
    pairs = [(str(head), int(amount)) for head, amount in challan["heads"]]
    first = pairs[0][1] + booked_paise(challan) - int(challan["total"])
    return [(pairs[0][0], first), *pairs[1:]]
