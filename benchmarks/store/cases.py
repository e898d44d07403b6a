"""Synthetic applications, calibrated to the figures that the state publishes, so that statistics have known answers.

Of every number of applications 99.05 % are processed, of those 91.5 % on time, after 9.0 days on average, and 0.95 %
are pending. Each application follows from its number alone, so that a chunk can be made by any process and once more.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from domain.applications.applications import Channel
from domain.applications.lifecycle import Move, Status
from domain.catalogue.catalogue import Service, Tehsil
from domain.kernel import IST, Bilingual
from domain.kernel.ids import uuid7

PROCESSED, ON_TIME, AVERAGE_DAYS = 0.9905, 0.915, 9.0
"""What the state publishes; under 1 % are pending."""

LIMIT_DAYS = 15
"""The time limit of every synthetic application, in calendar days."""

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
DAYS = 1095
"""Disposals lie evenly on so many days up to yesterday."""

YOUNG_DAYS = 21
"""What is pending was submitted within so many days, so that more than a quarter of it is overdue."""

CITIZENS_SHARE = 4
"""Applications for each citizen, on average."""

REFUSED_EACH = 17
"""Every so manieth application that was processed was refused."""

LATE = tuple(LIMIT_DAYS + 1 + round(18.25 * place / 33) for place in range(34))
"""Days taken of those that were late, about 25 on average: with 7.5 of those on time that makes 9."""

SHARES = {
    "50": 19, "49": 17, "56": 16, "51": 10, "52": 7, "45": 6, "55": 6, "53": 5, "47": 4, "57": 3, "46": 3, "48": 2,
    "54": 2,
}  # fmt: skip
"""Of a hundred citizens, how many live in each district: about as in the census of 2011."""

CHANNELS = (
    *(Channel.CSC,) * 8, *(Channel.E_DISTRICT,) * 4, *(Channel.WEB,) * 4, *(Channel.MOBILE,) * 2, Channel.UMANG,
    Channel.SCHOOL,
)  # fmt: skip

PENDING = (
    *(Status.IN_SCRUTINY,) * 12, *(Status.IN_VERIFICATION,) * 3, *(Status.QUERY_RAISED,) * 2,
    *(Status.FEE_PENDING,) * 2, Status.APPROVED,
)  # fmt: skip

LIVES: dict[Status, tuple[tuple[Move, Status], ...]] = {
    Status.FEE_PENDING: ((Move.ASK_FEE, Status.FEE_PENDING),),
    Status.IN_SCRUTINY: ((Move.BEGIN_SCRUTINY, Status.IN_SCRUTINY),),
    Status.IN_VERIFICATION: (
        (Move.BEGIN_SCRUTINY, Status.IN_SCRUTINY),
        (Move.SEND_FOR_VERIFICATION, Status.IN_VERIFICATION),
    ),
    Status.QUERY_RAISED: ((Move.BEGIN_SCRUTINY, Status.IN_SCRUTINY), (Move.RAISE_QUERY, Status.QUERY_RAISED)),
    Status.APPROVED: ((Move.BEGIN_SCRUTINY, Status.IN_SCRUTINY), (Move.APPROVE, Status.APPROVED)),
    Status.REJECTED: ((Move.BEGIN_SCRUTINY, Status.IN_SCRUTINY), (Move.REJECT, Status.REJECTED)),
    Status.DELIVERED: (
        (Move.BEGIN_SCRUTINY, Status.IN_SCRUTINY),
        (Move.APPROVE, Status.APPROVED),
        (Move.ISSUE_CERTIFICATE, Status.CERTIFICATE_ISSUED),
        (Move.DELIVER, Status.DELIVERED),
    ),
}
"""The steps after the submission, with the state after each, of an application that stands there."""

_GIVEN = ("Asha", "Ravi", "Meena", "Harish", "Kavita", "Deepak", "Pushpa", "Mohan", "Geeta", "Suresh")
_FAMILY = ("Negi", "Rawat", "Bisht", "Joshi", "Bhatt", "Rana", "Pant", "Chauhan", "Kandari", "Panwar", "Thapliyal")


@dataclass(frozen=True, slots=True)
class Case:
    """One application before it has become rows."""

    number: int
    citizen: int
    service: Service
    district: str
    tehsil: str
    channel: Channel
    status: Status
    submitted_at: datetime
    ended_at: datetime | None
    acted_at: datetime
    """When an officer did what was done last, before the end."""

    id: str
    """Its key, of the time of submission."""
    owner: str
    """The key of the citizen."""


@dataclass(frozen=True)
class Population:
    """So many applications of a fourth as many citizens, over the catalogue's services and tehsils."""

    size: int
    services: tuple[Service, ...]
    tehsils: tuple[Tehsil, ...]

    @cached_property
    def processed(self) -> int:
        """How many are delivered or refused; they come first."""
        return round(self.size * PROCESSED)

    @cached_property
    def on_time(self) -> int:
        """How many of those ended in time."""
        return round(self.processed * ON_TIME)

    @cached_property
    def citizens(self) -> int:
        """How many citizens there are."""
        return max(self.size // CITIZENS_SHARE, 50)

    def case(self, number: int) -> Case:
        """The application with a number, from 0."""
        citizen = mixed(number, 1) % self.citizens
        tehsil = self.home(citizen)
        service = self._services[mixed(number, 2) % len(self._services)]
        status, submitted, ended = self._life(number)
        acted = (ended or NOW) - timedelta(hours=1)
        if ended is None:
            acted = min(submitted + timedelta(days=1 + number % 5, hours=1), NOW)
        channel = CHANNELS[mixed(number, 3) % len(CHANNELS)]
        return Case(
            number=number,
            citizen=citizen,
            service=service,
            district=tehsil.district,
            tehsil=tehsil.code,
            channel=channel,
            status=status,
            submitted_at=submitted,
            ended_at=ended,
            acted_at=acted,
            id=uuid7(_milliseconds(submitted), number),
            owner=citizen_id(citizen),
        )

    def home(self, citizen: int) -> Tehsil:
        """Where a citizen lives and applies."""
        homes = self._homes[_DISTRICTS[mixed(citizen, 4) % len(_DISTRICTS)]]
        return homes[mixed(citizen, 5) % len(homes)]

    def _life(self, number: int) -> tuple[Status, datetime, datetime | None]:
        if number >= self.processed:
            return self._pending(number - self.processed)
        day = NOW.date() - timedelta(days=DAYS - number * DAYS // self.processed)
        # A fixed permutation, so that the shares are exact and are spread over all days.
        place = number * _STRIDE % self.processed
        late = place - self.on_time
        taken = place % (LIMIT_DAYS + 1) if late < 0 else LATE[late % len(LATE)]
        status = Status.REJECTED if number % REFUSED_EACH == 0 else Status.DELIVERED
        return status, _at(day - timedelta(days=taken), 10, number), _at(day, 14, number)

    def _pending(self, place: int) -> tuple[Status, datetime, None]:
        many = self.size - self.processed
        day = NOW.date() - timedelta(days=1 + YOUNG_DAYS - (place + 1) * YOUNG_DAYS // many)
        return PENDING[place % len(PENDING)], _at(day, 10, place), None

    @cached_property
    def _services(self) -> tuple[Service, ...]:
        """Some are asked for often, most seldom: the n-th 1/n as often as the first."""
        return tuple(one for place, one in enumerate(self.services, 1) for _ in range(max(200 // place, 1)))

    @cached_property
    def _homes(self) -> dict[str, list[Tehsil]]:
        homes: dict[str, list[Tehsil]] = {}
        for tehsil in self.tehsils:
            homes.setdefault(tehsil.district, []).append(tehsil)
        return homes


_DISTRICTS = tuple(code for code, share in SHARES.items() for _ in range(share))
_STRIDE = 1_000_003
"""A prime, so that its multiples run through every remainder."""


def citizen_id(citizen: int) -> str:
    """The key of a citizen."""
    return uuid7(_milliseconds(NOW - timedelta(days=DAYS + 100)), citizen)


def name_of(citizen: int) -> Bilingual:
    """A name that says that nobody is meant."""
    given, family = _GIVEN[mixed(citizen, 6) % len(_GIVEN)], _FAMILY[mixed(citizen, 7) % len(_FAMILY)]
    return Bilingual(f"कृत्रिम {citizen}", f"Synthetic {given} {family} {citizen}")


def mobile_of(citizen: int) -> str:
    """Ten digits."""
    return f"9{citizen:09d}"


def born_on(citizen: int) -> date:
    """A day of birth."""
    return date(1950, 1, 1) + timedelta(days=mixed(citizen, 8) % 18_000)


def mixed(number: int, salt: int) -> int:
    """A number that looks like chance and is always the same (the finalizer of SplitMix64)."""
    value = (number * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03) & _WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
    return value ^ (value >> 31)


_WORD = (1 << 64) - 1


def _at(day: date, hour: int, number: int) -> datetime:
    """Within the three hours after an hour of the day in India."""
    return datetime.combine(day, time(hour), IST) + timedelta(seconds=number * 7 % 10_800)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
