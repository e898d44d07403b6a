"""Consents: purposes, periods and the steps of their life cycle (DPDP Act 2023, sections 5 to 7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.kernel import ErrorCode, Problem, Problems, Remedy, Source

DEFAULT_DAYS = 365
"""How long a consent is valid where the citizen names no other time."""

LONGEST_DAYS = 365
"""The longest time for which one consent is taken."""

KEPT_YEARS = 7
"""How long records of consents are kept at least (DPDP Rules 2025, First Schedule, part B)."""


class ConsentPurpose(StrEnum):
    """The closed list of purposes that a recorded consent can be asked for."""

    DEPARTMENT_DOCUMENTS = "DEPARTMENT_DOCUMENTS"
    RATION_CARD = "RATION_CARD"
    LOCKER_DOCUMENTS = "LOCKER_DOCUMENTS"
    ISSUE_TO_LOCKER = "ISSUE_TO_LOCKER"
    """Certificates are put into the citizen's locker when they are issued; nothing is read with it."""
    ASSISTANCE = "ASSISTANCE"
    """An operator of a centre acts for the citizen, for minutes; given by a code, a relative or a signed paper."""
    DEPARTMENT_SYSTEMS = "DEPARTMENT_SYSTEMS"
    """Records of departments' systems that joined by a file; its scope names each system and kind."""
    ROSTER = "ROSTER"
    """A school or camp files for the citizen and hands the paper over; given by a guardian, or alone when of age."""


SOURCES: Mapping[ConsentPurpose, Source] = {
    ConsentPurpose.DEPARTMENT_DOCUMENTS: Source.API_SETU,
    ConsentPurpose.RATION_CARD: Source.UMANG,
    ConsentPurpose.LOCKER_DOCUMENTS: Source.DIGILOCKER,
    ConsentPurpose.ISSUE_TO_LOCKER: Source.DIGILOCKER,
    ConsentPurpose.DEPARTMENT_SYSTEMS: Source.DEPARTMENTS,
    ConsentPurpose.ASSISTANCE: Source.STORE,
    ConsentPurpose.ROSTER: Source.STORE,
}
"""From whom each purpose lets us read, or to whom it lets us give."""

LEDGER_ALONE = frozenset(
    {
        ConsentPurpose.ISSUE_TO_LOCKER,
        ConsentPurpose.DEPARTMENT_SYSTEMS,
        ConsentPurpose.ASSISTANCE,
        ConsentPurpose.ROSTER,
    }
)
"""The purposes of which nothing but the ledger says whether a consent holds."""

PURPOSE_OF: Mapping[Source, ConsentPurpose] = {
    source: purpose for purpose, source in SOURCES.items() if purpose not in LEDGER_ALONE
}
"""Which consent a source is read with."""


class ConsentState(StrEnum):
    """Whether a citizen's consent for one purpose allows a read."""

    GIVEN = "GIVEN"
    MISSING = "MISSING"
    """The consent was never given, was withdrawn, or has expired."""
    NOTHING_HELD = "NOTHING_HELD"
    """There is nothing that could be asked for, so nothing is asked."""


class ConsentStep(StrEnum):
    """A step of a consent; each step is one record of the ledger."""

    ASK = "ASK"
    GRANT = "GRANT"
    RENEW = "RENEW"
    WITHDRAW = "WITHDRAW"
    DECLINE = "DECLINE"


class ConsentStatus(StrEnum):
    """The state of a consent."""

    ASKED = "ASKED"
    GIVEN = "GIVEN"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


_AFTER: Mapping[ConsentStep, ConsentStatus] = {
    ConsentStep.ASK: ConsentStatus.ASKED,
    ConsentStep.GRANT: ConsentStatus.GIVEN,
    ConsentStep.RENEW: ConsentStatus.GIVEN,
    ConsentStep.WITHDRAW: ConsentStatus.WITHDRAWN,
    ConsentStep.DECLINE: ConsentStatus.DECLINED,
}

_ENDED = frozenset({ConsentStatus.DECLINED, ConsentStatus.WITHDRAWN, ConsentStatus.EXPIRED})

_ALLOWED: Mapping[ConsentStep, frozenset[ConsentStatus | None]] = {
    ConsentStep.ASK: frozenset({None, *_ENDED}),
    ConsentStep.GRANT: frozenset({None, ConsentStatus.ASKED, *_ENDED}),
    ConsentStep.RENEW: frozenset({ConsentStatus.GIVEN, ConsentStatus.EXPIRED}),
    ConsentStep.WITHDRAW: frozenset({ConsentStatus.GIVEN}),
    ConsentStep.DECLINE: frozenset({ConsentStatus.ASKED}),
}
"""From where each step may be taken; None is where there is no consent for the purpose yet."""


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One line of the ledger. It is never changed; `link` binds it to all earlier ones of the citizen.

    `scope` names documents as `publisher/doctype`. `until` is None where a consent has no end or none yet.
    `actor` is a label without a name. `artefact` holds what partners are shown, by the id of the document.
    """

    id: str
    citizen_id: str
    sequence: int
    consent_id: str
    step: ConsentStep
    purpose: ConsentPurpose
    source: Source
    scope: tuple[str, ...]
    until: datetime | None
    at: datetime
    actor: str
    role: str
    notice_hash: str
    artefact_hash: str
    link: str
    artefact: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent with its records, the oldest first."""

    records: tuple[ConsentRecord, ...]

    @property
    def id(self) -> str:
        """The id that its records share."""
        return self.records[0].consent_id

    @property
    def citizen_id(self) -> str:
        return self.records[0].citizen_id

    @property
    def purpose(self) -> ConsentPurpose:
        return self.records[0].purpose

    @property
    def source(self) -> Source:
        """From whom it lets us read."""
        return self.records[0].source

    @property
    def scope(self) -> tuple[str, ...]:
        """The documents that it covers, by its last record."""
        return self.records[-1].scope

    @property
    def began_at(self) -> datetime:
        """When it was asked for or given first."""
        return self.records[0].at

    @property
    def asked_at(self) -> datetime | None:
        """When somebody asked for it."""
        return self._first_instant(ConsentStep.ASK)

    @property
    def given_at(self) -> datetime | None:
        """From when it held."""
        return self._first_instant(ConsentStep.GRANT)

    @property
    def until(self) -> datetime | None:
        """When it runs out; None where it does not, or was not given."""
        return self.records[-1].until

    @property
    def ended_at(self) -> datetime | None:
        """When the citizen withdrew or declined it."""
        return self._first_instant(ConsentStep.WITHDRAW) or self._first_instant(ConsentStep.DECLINE)

    def status(self, now: datetime) -> ConsentStatus:
        """Its state at a moment."""
        last = _AFTER[self.records[-1].step]
        if last is ConsentStatus.GIVEN and self.until is not None and self.until <= now:
            return ConsentStatus.EXPIRED
        return last

    def _first_instant(self, step: ConsentStep) -> datetime | None:
        return next((record.at for record in self.records if record.step is step), None)


def consents_of(records: Iterable[ConsentRecord]) -> list[Consent]:
    """The consents that a citizen's records make, the latest begun first."""
    gathered: dict[str, list[ConsentRecord]] = {}
    for record in records:
        gathered.setdefault(record.consent_id, []).append(record)
    return [Consent(tuple(lines)) for lines in reversed(gathered.values())]


def present_of(consents: Sequence[Consent], purpose: ConsentPurpose) -> Consent | None:
    """The latest consent for a purpose: only that one can hold."""
    return next((consent for consent in consents if consent.purpose is purpose), None)


def due_for_deletion(consents: Sequence[Consent], now: datetime) -> list[Consent]:
    """The consents whose records have been kept for as long as they must be, counted from the end of each."""
    return [
        consent
        for number, consent in enumerate(consents)
        if (over := over_at(consent, present_of(consents[:number][::-1], consent.purpose))) is not None
        and _years_after(over, KEPT_YEARS) <= now
    ]


def over_at(consent: Consent, next_one: Consent | None) -> datetime | None:
    """When a consent came to its end; None where it has none yet.

    One that runs without an end is over when the next one for the purpose begins, and an ask that was never
    answered is over when it was made.
    """
    if consent.ended_at is not None:
        return consent.ended_at
    if consent.given_at is None:
        return consent.records[-1].at
    return consent.until or (next_one.began_at if next_one else None)


def _years_after(moment: datetime, years: int) -> datetime:
    """The same day so many years on; 1 March for 29 February."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, month=3, day=1)


def check_step(step: ConsentStep, status: ConsentStatus | None) -> None:
    """Raise CONSENT_STEP_NOT_ALLOWED where the step is not allowed in the state of the consent."""
    if status not in _ALLOWED[step]:
        params = {"consent_status": status.value if status else "NONE"}
        raise Problems(Problem(ErrorCode.CONSENT_STEP_NOT_ALLOWED, ("input", "purpose"), params=params))


def check_days(days: int | None) -> int:
    """The days for which a consent is given; raises BAD_INPUT for none or too many."""
    given = DEFAULT_DAYS if days is None else days
    if not 1 <= given <= LONGEST_DAYS:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "days"), params={"most": str(LONGEST_DAYS)}))
    return given


PURPOSE_PARAM = "consent_purpose"
"""The parameter of CONSENT_REQUIRED that names the purpose; also the prefix of its labels."""


def consent_required(purpose: ConsentPurpose, *path: str, action: Remedy = Remedy.GIVE_CONSENT) -> Problem:
    """The problem where a consent is not valid: which one, and how to remedy it."""
    return Problem(ErrorCode.CONSENT_REQUIRED, path, action, {PURPOSE_PARAM: purpose.value})
