"""What waits on a pension day: messages by the rate that a provider allows, payments by the rate that was measured."""

from dataclasses import dataclass
from math import ceil

from benchmarks.scale.cell import Cell
from benchmarks.scale.days import PAYMENTS_A_SECOND
from benchmarks.scale.states import Demand
from gateway.settings.payments import PaymentFiles
from integrations.sms.models import PER_SECOND

HOUR = 3600
AWAY = (1 * HOUR, 2 * HOUR)
"""From when until when the provider is away."""

WINDOW = 4 * HOUR
"""Seconds in which a pension day's messages should have gone, an assumption."""


@dataclass(frozen=True)
class Drained:
    """How long it took until nothing waited, in seconds, and how many waited at most."""

    seconds: int
    most: int


def drained(many: float, coming: float, rate: float, away: tuple[int, int] = (0, 0)) -> Drained:
    """How `many` that come evenly within `coming` seconds go at a rate, second by second."""
    waiting, most, at, left = 0.0, 0.0, 0, many
    while left > 0 or waiting > 1e-6:
        arrived = min(left, many / coming)
        left -= arrived
        waiting += arrived
        if not away[0] <= at < away[1]:
            waiting -= min(waiting, rate)
        most = max(most, waiting)
        at += 1
    return Drained(at, round(most))


def row(cell: Cell) -> str:
    """The pension day of a cell: payments by file, messages at the default rate and at that which it needs."""
    many = Demand(cell.people).payments
    paid = drained(many, 1, PAYMENTS_A_SECOND)
    told = drained(many, paid.seconds, PER_SECOND)
    late = drained(many, 1, many / WINDOW, AWAY)
    files = ceil(many / PaymentFiles().lines_per_file)
    return (
        f"| {cell.name} | {many / 1e6:.1f} | {files:,} | {paid.seconds / 60:,.0f} | {told.seconds / HOUR:,.1f} "
        f"| {many / WINDOW:,.0f} | {late.seconds / HOUR:.1f} | {late.most / 1e6:.1f} |"
    )


HEAD = (
    "| people, millions | payments, and messages, millions | files of payments | minutes to pay | hours for messages "
    "at 15 a second | messages a second for four hours | hours for these with the provider away for one "
    "| waiting at most, millions |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)
