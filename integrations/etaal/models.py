"""Models of the e-Taal endpoint: its counts and its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Protocol, Self

from pydantic import Field

from domain.applications.applications import Channel
from domain.etaal.counting import DOORSTEP
from integrations.calling.answers import AnswerModel
from integrations.calling.caller_authentication import FAILURES_A_MINUTE
from integrations.calling.onboarding import read_settings

CALLS_A_MINUTE = 60
"""By credential (docs/contracts/etaal.md section 7)."""


@dataclass(frozen=True, slots=True)
class ServiceCount:
    """The count of one service at one place on one day.

    `service_code` is e-Taal's, `location_code` the Local Government Directory code of the district;
    `channel` is SELF, ASSISTED or MOBILE (docs/contracts/etaal.md section 4).
    """

    __pydantic_config__: ClassVar = AnswerModel.model_config
    service_code: str
    location_code: str
    category: str
    channel: str
    count: Annotated[int, Field(ge=0)]


class DayCounts(AnswerModel):
    """One day of the JSON form. It says when the day is closed, not whether: one revision is written one way."""

    day: date = Field(serialization_alias="date")
    revision: Annotated[int, Field(description="Rises when a day is corrected.")]
    closes_at: Annotated[datetime, Field(description="Until then late events may come.")]
    total: int
    rows: tuple[ServiceCount, ...]


class CountsAnswer(AnswerModel):
    """The days that were asked for."""

    days: tuple[DayCounts, ...]


class Counts(Protocol):
    """Where the counts come from. The same day and revision always give the same rows."""

    async def counts_on(self, day: date) -> Sequence[ServiceCount]:
        """The counts of an IST day; raises TemporarilyUnavailable."""

    async def revision(self, day: date) -> int:
        """The revision of a day, which grows with every change; raises TemporarilyUnavailable."""


@dataclass(frozen=True, slots=True)
class EtaalSettings:
    """What was agreed with e-Taal at enrolment, and the limits of the endpoint.

    `public_url` is the gateway's base address, for the WSDL. An empty `networks` lets every address in;
    the numbers are of calls a minute, by credential, and of wrong credentials a minute, by address.
    """

    username: str
    password: str = field(repr=False)
    bearer: str = field(repr=False)
    public_url: str
    networks: tuple[str, ...] = ()
    calls_a_minute: int = CALLS_A_MINUTE
    failures_a_minute: int = FAILURES_A_MINUTE

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any], *, public_url: str, times: int = 1) -> Self:
        """Read what enrolment gave: `username`, `password`, `bearer`, and perhaps `networks`.

        Raises KeyError where a part is missing. `times` widens both limits, for the demo.
        """
        limits: dict[str, Any] = {
            "calls_a_minute": CALLS_A_MINUTE * times,
            "failures_a_minute": FAILURES_A_MINUTE * times,
        }
        return read_settings(cls, given, public_url=public_url, **limits)


_CHANNELS = {
    Channel.WEB: "SELF",
    Channel.MOBILE: "MOBILE",
    Channel.UMANG: "MOBILE",
    Channel.WHATSAPP: "MOBILE",
    Channel.CSC: "ASSISTED",
    Channel.E_DISTRICT: "ASSISTED",
    Channel.SCHOOL: "ASSISTED",
    Channel.CAMP: "ASSISTED",
    DOORSTEP: "ASSISTED",
}


def etaal_channel(channel: str) -> str:
    """e-Taal's word for one of our channels; SELF for one that the table does not know."""
    return next((word for ours, word in _CHANNELS.items() if ours == channel), "SELF")
