"""Compares UMANG's daily counts with the gateway's own (docs/contracts/umang.md section 8, reconciliation)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

OK = "APSK0000"
"""The result code of a call that was accepted."""

ANSWERED_WITHOUT = "ANSWERED_WITHOUT_APPLICATION"
"""UMANG got the answer that the application is filed, and there is none."""
FILED_UNANSWERED = "FILED_WITHOUT_ANSWER"
"""There is an application, and no answer that says so was kept: UMANG may not know of it."""
THEIRS_DIFFER = "THEIR_COUNT_DIFFERS"
"""UMANG counted another number of accepted calls than we did."""


@dataclass(frozen=True, slots=True)
class ServiceComparison:
    """One service of UMANG on one day in India. `theirs` is UMANG's own count, where it reported one.

    `differences` name the kind and, but for a count, the tracker of each call that does not fit.
    """

    day: date
    srvid: str
    accepted: int
    created: int
    theirs: int | None
    differences: tuple[str, ...]


def compare_day(
    day: date, filings: Iterable[Mapping[str, Any]], theirs: Mapping[str, int] | None = None
) -> list[ServiceComparison]:
    """Compare a day's calls of applyService, service by service, with the applications that came of them."""
    by_service: dict[str, list[Mapping[str, Any]]] = {srvid: [] for srvid in theirs or {}}
    for filing in filings:
        by_service.setdefault(filing["srvid"], []).append(filing)
    return [_of_service(day, srvid, calls, theirs) for srvid, calls in sorted(by_service.items())]


def _of_service(
    day: date, srvid: str, calls: list[Mapping[str, Any]], theirs: Mapping[str, int] | None
) -> ServiceComparison:
    accepted = [call for call in calls if call["code"] == OK]
    created = [call for call in calls if call["there"] is not None]
    differences = [f"{ANSWERED_WITHOUT} {call['tracker']}" for call in accepted if call["there"] is None]
    differences += [f"{FILED_UNANSWERED} {call['tracker']}" for call in created if call["code"] != OK]
    told = None if theirs is None else theirs.get(srvid, 0)
    if told is not None and told != len(accepted):
        differences.append(THEIRS_DIFFER)
    return ServiceComparison(day, srvid, len(accepted), len(created), told, tuple(differences))
