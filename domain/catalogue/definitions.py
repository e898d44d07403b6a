"""Types for the definition of a service: its steps of fixed kinds, its law, how long its result holds (ADR 0029)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from domain.kernel import Bilingual


class StepKind(StrEnum):
    """The kinds of steps that a service is put together from; all lie inside the states of an application."""

    SCRUTINY = "SCRUTINY"
    FIELD_VERIFICATION = "FIELD_VERIFICATION"
    CLEARANCE = "CLEARANCE"
    INSPECTION = "INSPECTION"
    """A field verification by appointment."""
    PAYMENT = "PAYMENT"
    SECOND_APPROVAL = "SECOND_APPROVAL"
    COMMITTEE = "COMMITTEE"
    ISSUE = "ISSUE"


WEIGHED = frozenset({StepKind.SECOND_APPROVAL, StepKind.COMMITTEE})
"""A decision waits for others than the officer who proposes it."""


@dataclass(frozen=True, slots=True)
class ServiceStep:
    """One step of a service. `optional` is for a field verification that the officer may leave out.

    A clearance has the slug of the department that is asked and the question, a committee how many members it has and
    how many of them must agree, whoever proposes included.
    """

    kind: StepKind
    optional: bool = False
    department: str | None = None
    question: Bilingual | None = None
    members: int | None = None
    quorum: int | None = None


class SignedBy(StrEnum):
    """Who signs the certificates of a service (docs/contracts/signatures.md section 1)."""

    SYSTEM = "SYSTEM"
    """The department's seal, by the system."""
    OFFICER = "OFFICER"
    """The officer who decided, with her token."""
    TWO_OFFICERS = "TWO_OFFICERS"
    """She and the one who confirmed her decision, in this order."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a definition adds to the entry of its service: steps in their order, the Act and notification of its limit.

    `form` is the name of its form; without one the service keeps the form that it has. `renew_days` is how many days
    before its end a certificate or licence may be renewed, `remind_days` is when its holder is reminded. `template` is
    the kind of its certificate in the state's package; without one it follows from the slug.
    """

    steps: tuple[ServiceStep, ...]
    source: str
    act: str | None = None
    notification: str | None = None
    form: str | None = None
    renew_days: int | None = None
    signed_by: SignedBy = SignedBy.SYSTEM
    template: str | None = None
    remind_days: tuple[int, ...] = ()

    @property
    def reminders(self) -> tuple[int, ...]:
        """Days before the end, each of a reminder: on the first day of renewal where none is said, never before it."""
        first = self.renew_days
        return () if first is None else tuple(sorted({min(one, first) for one in self.remind_days or (first,)}))

    def step(self, *kinds: StepKind) -> ServiceStep | None:
        """The first step of one of the kinds, or None."""
        return next((one for one in self.steps if one.kind in kinds), None)

    @property
    def fee_after_approval(self) -> bool:
        """Whether the fee falls due with the approval, not with the submission."""
        return any(one.kind is StepKind.PAYMENT for one in self.steps[1:])

    @property
    def quorum(self) -> int:
        """How many officers must agree on a decision: one without second approval, two with it."""
        weighed = self.step(*WEIGHED)
        return 1 if weighed is None else weighed.quorum or 2


def definition_values(definition: Definition | None) -> dict[str, Any] | None:
    """A definition as JSON, to be kept."""
    return None if definition is None else asdict(definition)


def definition_from(values: Mapping[str, Any] | None) -> Definition | None:
    """The definition of such values."""
    if values is None:
        return None
    steps, signed_by = tuple(map(step_from, values["steps"])), SignedBy(values.get("signed_by", SignedBy.SYSTEM))
    remind_days = tuple(values.get("remind_days", ()))
    return Definition(**{**values, "steps": steps, "signed_by": signed_by, "remind_days": remind_days})


def step_from(values: Mapping[str, Any]) -> ServiceStep:
    """The step of the values that a file or the store has."""
    question = values.get("question")
    return ServiceStep(
        **{**values, "kind": StepKind(values["kind"]), "question": Bilingual(**question) if question else None}
    )


class DraftState(StrEnum):
    """The state of a definition that is not in force yet."""

    DRAFTED = "DRAFTED"
    WAITING = "WAITING"
    """It is to be published, and waits for a second administrator."""
    CONFIRMED = "CONFIRMED"
    """It waits for its day."""
    PUBLISHED = "PUBLISHED"
    REFUSED = "REFUSED"
    OVERTAKEN = "OVERTAKEN"
    """The entry of the service changed before its day, so that it is not what two people saw."""


@dataclass(frozen=True, slots=True)
class ServiceDraft:
    """A definition as it was drafted. `base_version` is the entry of the service that it was compared with, 0 for none.

    `content` is the document, as docs/definitions.md describes it, `version` the entry that its publication made.
    """

    id: str
    service_code: str
    department: str | None
    content: Mapping[str, Any]
    base_version: int
    state: DraftState
    drafted_by: str
    drafted_at: datetime
    publish_on: date | None = None
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    version: int | None = None
