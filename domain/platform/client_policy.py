"""Which versions of an application still work: set by administrators, queried by applications at start-up."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import total_ordering

DEFAULT_APP = "citizen_app"
LONGEST_LINK = 300
_VERSION = re.compile(
    r"v?(?P<numbers>\d{1,9}(?:\.\d{1,9}){0,3})(?P<before>-[0-9A-Za-z.-]{1,40})?(?:\+[0-9A-Za-z.-]{1,40})?", re.ASCII
)


class ClientPlatform(StrEnum):
    """On what an application runs."""

    ANDROID = "ANDROID"
    IOS = "IOS"
    WEB = "WEB"


class Support(StrEnum):
    """Whether a version still works."""

    SUPPORTED = "SUPPORTED"
    UPDATE_AVAILABLE = "UPDATE_AVAILABLE"
    UPDATE_REQUIRED = "UPDATE_REQUIRED"


@total_ordering
@dataclass(frozen=True, slots=True)
class AppVersion:
    """A version in the order of semantic versioning: 1.4 is 1.4.0, and 1.4.0-beta comes before 1.4.0.

    What stands after a + does not count (semver.org, section 10).
    """

    numbers: tuple[int, ...]
    before: tuple[tuple[int, int, str], ...] = ()

    @classmethod
    def of(cls, text: str) -> "AppVersion | None":
        match = _VERSION.fullmatch(text.strip())
        if match is None:
            return None
        numbers = [int(part) for part in match["numbers"].split(".")]
        parts = (match["before"] or "-")[1:].split(".")
        before = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part)
        return cls(tuple(numbers + [0] * (4 - len(numbers))), before)

    def __lt__(self, other: "AppVersion") -> bool:
        if self.numbers != other.numbers:
            return self.numbers < other.numbers
        if bool(self.before) is not bool(other.before):
            return bool(self.before)
        return self.before < other.before


@dataclass(frozen=True, slots=True)
class ClientRule:
    """What is set for an application on a platform. Below `minimum` an update is required, below `latest` advised."""

    app: str
    platform: ClientPlatform
    minimum: str
    latest: str | None
    store_url: str | None
    set_by: str
    set_at: datetime


def support_of(rule: ClientRule | None, version: AppVersion) -> Support:
    """Whether a version still works; without a rule every version does."""
    if rule is None:
        return Support.SUPPORTED
    minimum, latest = AppVersion.of(rule.minimum), AppVersion.of(rule.latest) if rule.latest else None
    if minimum is not None and version < minimum:
        return Support.UPDATE_REQUIRED
    if latest is not None and version < latest:
        return Support.UPDATE_AVAILABLE
    return Support.SUPPORTED
