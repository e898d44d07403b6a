"""The state's own figures of before and after it began to deliver services online, which counters stand beside."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class BaselineMeasure(StrEnum):
    """What a figure of the state is about."""

    SERVICES = "SERVICES"
    """How many services are applied for online."""
    PROCESSING_RATE = "PROCESSING_RATE"
    """In hundredths of a percent, as is the next one."""
    ON_TIME_RATE = "ON_TIME_RATE"
    AVERAGE_DAYS = "AVERAGE_DAYS"
    """In tenths of a day, from submission to disposal."""


@dataclass(frozen=True, slots=True)
class BaselineFigure:
    """A figure of the state and its source; `as_of` is None where the source has no date."""

    measure: BaselineMeasure
    before: int
    after: int
    source: str
    as_of: date | None
    confirmed: bool
