"""Plans the demo's applications and the time of each step. Pure, and the same in every installation."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from domain.applications.applications import Channel, DeliveryMode
from domain.applications.deadline import WorkCalendar
from domain.applications.lifecycle import Status
from domain.benefits.plans import demo_day
from domain.catalogue.catalogue import Outcome, Scheme, Service
from domain.kernel import IST, NumberKind, ist_date, make_number

OPENING = time(10, 0)
OFFICE_MINUTES = 420
BEFORE_SANCTION = 12
"""Days that at least pass between a demo application and its sanction."""

_SEEDED_YEAR = 2025

_OLDEST: Mapping[Status, tuple[int, int]] = {
    Status.DRAFT: (0, 30),
    Status.SUBMITTED: (0, 1),
    Status.FEE_PENDING: (1, 20),
    Status.IN_SCRUTINY: (2, 38),
    Status.QUERY_RAISED: (4, 24),
    Status.IN_VERIFICATION: (4, 30),
    Status.APPROVED: (8, 22),
    Status.CERTIFICATE_ISSUED: (12, 90),
    Status.BENEFIT_SANCTIONED: (40, 160),
}
_FINISHED = (35, 390)
"""How many days ago an application in a state was made, from and to; finished ones lie further back."""

_CHANNELS = (Channel.WEB, Channel.MOBILE, Channel.WEB, Channel.CSC, Channel.MOBILE, Channel.E_DISTRICT, Channel.UMANG)


def seeded_sanction_number(person_key: str, scheme_code: str) -> str:
    """The number of a demo sanction, the same in every installation so that payments can be scripted."""
    digest = hashlib.sha256(f"{person_key}/{scheme_code}".encode()).hexdigest()
    return make_number(NumberKind.PAYMENT, _SEEDED_YEAR, f"{int(digest, 16) % 10**10:010d}")


@dataclass(frozen=True, slots=True)
class Plan:
    """One application of the demo: whose, for what, how far it comes, and how many days ago it was made."""

    person: str
    service: str
    status: Status
    days_ago: int
    channel: Channel
    delivery: DeliveryMode
    operator: str | None
    instalments: int = 0
    sanctioned_days_ago: int | None = None

    @property
    def key(self) -> str:
        """A text that names the plan, for choices that depend on it alone."""
        return f"{self.person}/{self.service}"


def choice(text: str, count: int) -> int:
    """A number below `count` that depends on nothing but the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % count


def plans(
    demo: Mapping[str, Any], services: Mapping[str, Service], schemes: Mapping[str, Scheme], today: date
) -> list[Plan]:
    """Every application of the demo, the oldest first."""
    return sorted(_Planner(demo, services, schemes, today).plans(), key=lambda plan: (-plan.days_ago, plan.key))


class Timetable:
    """The moments of one application, each after the one before and none after now."""

    def __init__(self, plan: Plan, now: datetime, calendar: WorkCalendar, district: str) -> None:
        self._plan, self._now, self._calendar, self._district = plan, now, calendar, district
        self._last = self._moment_at(plan.days_ago, "submit", working=False)

    @property
    def last(self) -> datetime:
        """The latest moment handed out."""
        return self._last

    def moment_after(self, days: int, step: str, *, working: bool = True) -> datetime:
        """A moment so many days later, on a working day for officers; never later than now."""
        wanted = self._moment_at((ist_date(self._now) - ist_date(self._last)).days - days, step, working=working)
        soonest = self._last + timedelta(minutes=3)
        self._last = min(max(wanted, soonest), max(self._now, self._last + timedelta(seconds=1)))
        return self._last

    def moment_on(self, days_ago: int, step: str) -> datetime:
        """A moment on the day so many days ago, after the one before where it is the same day."""
        self._last = max(self._moment_at(days_ago, step, working=False), self._last + timedelta(minutes=3))
        return self._last

    def _moment_at(self, days_ago: int, step: str, *, working: bool) -> datetime:
        day = ist_date(self._now) - timedelta(days=days_ago)
        while working and not self._calendar.is_working(day, self._district):
            day += timedelta(days=1)
        opening = datetime.combine(day, OPENING, tzinfo=IST)
        moment = opening + timedelta(minutes=choice(f"{self._plan.key}/{step}", OFFICE_MINUTES))
        return min(moment, self._now - timedelta(minutes=30))


class _Planner:
    """Deals people and services out to the states, each pair once."""

    def __init__(
        self, demo: Mapping[str, Any], services: Mapping[str, Service], schemes: Mapping[str, Scheme], today: date
    ) -> None:
        self._demo, self._services, self._schemes, self._today = demo, services, schemes, today
        self._histories: Mapping[str, Any] = demo["histories"]
        self._operators: Sequence[Mapping[str, Any]] = [
            one for one in demo["operators"] if not one.get("agent") and one.get("kind") != "E_DISTRICT"
        ]
        self._people = {person["key"]: person for person in demo["people"]}
        self._used: set[tuple[str, str]] = set()

    def plans(self) -> Iterator[Plan]:
        yield from self._explicit_plans()
        pairs = self._pairs()
        certificates = int(self._histories["delivered_certificates"])
        states = {Status(name): int(count) for name, count in self._histories["states"].items()}
        for status in sorted(states, key=self._choosiness):
            fits = self._fits(status)
            for place in range(states[status]):
                wanted = fits
                if status is Status.DELIVERED:
                    wanted = self._ends_in(Outcome.CERTIFICATE if place < certificates else Outcome.ORDER)
                yield self._draw_plan(pairs, status, wanted)

    def _explicit_plans(self) -> Iterator[Plan]:
        """What the files say outright: the default citizen's applications, and the benefits."""
        for person, told in self._histories["people"].items():
            for line in told:
                yield self._plan(person, line["service"], Status(line["status"]), int(line["days_ago"]))
        for line in self._histories["benefits"]:
            instalments = int(line["instalments"])
            days_ago = (self._today - demo_day(self._today, int(line["latest_days_ago"]), instalments - 1)).days
            made_ago = days_ago + BEFORE_SANCTION + choice(f"{line['person']}/{line['scheme']}", BEFORE_SANCTION)
            plan = self._plan(line["person"], line["service"], Status.DELIVERED, made_ago)
            yield replace(
                plan, channel=Channel.WEB, operator=None, instalments=instalments, sanctioned_days_ago=days_ago
            )

    def _pairs(self) -> list[tuple[str, str]]:
        """People and services that may be dealt out, in a fixed disorder."""
        told = set(self._histories["people"])
        pairs = [
            (key, service["code"])
            for key, person in self._people.items()
            if key not in told
            for service in self._histories["services"]
            if _eligible(person, service)
        ]
        return sorted(pairs, key=lambda pair: choice("/".join(pair), 2**60))

    def _draw_plan(self, pairs: Sequence[tuple[str, str]], status: Status, fits: Callable[[Service], bool]) -> Plan:
        for person, code in pairs:
            if (person, code) not in self._used and fits(self._services[code]):
                low, high = _OLDEST.get(status, _FINISHED)
                days_ago = low + choice(f"{person}/{code}/age", high - low + 1)
                return self._plan(person, code, status, days_ago)
        raise ValueError(f"the demo has too few people and services for {status.value}")

    def _plan(self, person: str, code: str, status: Status, days_ago: int) -> Plan:
        self._used.add((person, code))
        key = f"{person}/{code}"
        channel = _CHANNELS[choice(f"{key}/channel", len(_CHANNELS))]
        counter = status is Status.CERTIFICATE_ISSUED
        delivery = DeliveryMode.PORTAL
        if counter:
            delivery = (DeliveryMode.COUNTER, DeliveryMode.DOORSTEP)[choice(f"{key}/delivery", 2)]
        return Plan(person, code, status, days_ago, channel, delivery, self._operator(person, channel))

    def _operator(self, person: str, channel: Channel) -> str | None:
        """The operator of the citizen's district, for channels in which somebody applies for her."""
        if channel not in (Channel.CSC, Channel.E_DISTRICT):
            return None
        district = self._people[person]["district"]
        near = [operator["key"] for operator in self._operators if operator["district"] == district]
        return str(near[0] if near else self._operators[0]["key"])

    def _choosiness(self, status: Status) -> int:
        """States that few services can end in are dealt first."""
        pairs = self._histories["services"]
        fits = self._fits(status)
        return sum(fits(self._services[service["code"]]) for service in pairs)

    def _fits(self, status: Status) -> Callable[[Service], bool]:
        match status:
            case Status.SUBMITTED:
                return lambda service: not service.fee_paise
            case Status.FEE_PENDING:
                return lambda service: bool(service.fee_paise)
            case Status.APPROVED | Status.CERTIFICATE_ISSUED:
                return self._ends_in(Outcome.CERTIFICATE)
            case Status.BENEFIT_SANCTIONED:
                return lambda service: service.outcome is Outcome.BENEFIT and self._amount(service) is None
            case Status.DELIVERED:
                return self._ends_in(Outcome.ORDER)
            case _:
                return _any

    def _ends_in(self, outcome: Outcome) -> Callable[[Service], bool]:
        return lambda service: service.outcome is outcome

    def _amount(self, service: Service) -> int | None:
        scheme = self._schemes.get(service.scheme_id or "")
        return scheme.amount_paise if scheme else None


def _any(_service: Service) -> bool:
    return True


def _eligible(person: Mapping[str, Any], service: Mapping[str, Any]) -> bool:
    young_enough = int(person["dob"][:4]) < int(service.get("born_before", 9999))
    return young_enough and service.get("gender", person["gender"]) == person["gender"]
