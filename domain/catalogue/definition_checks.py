"""Checks that the steps of a definition can be walked, have a legal clock, and one officer answers at each moment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.applications.lifecycle import EXAMINED, TRANSITIONS, Move, Status
from domain.catalogue.catalogue import ISSUED, Outcome, Service
from domain.catalogue.definitions import WEIGHED, Definition, ServiceStep, SignedBy, StepKind
from domain.kernel import Language
from domain.kernel.messages import filled_label

_K = StepKind


class DefinitionRule(StrEnum):
    """The rules that a definition keeps; `definition_rule.<RULE>` says each with its remedy."""

    NOT_JSON = "NOT_JSON"
    NOT_A_DEFINITION = "NOT_A_DEFINITION"
    SERVICE_UNKNOWN = "SERVICE_UNKNOWN"
    SERVICE_TWICE = "SERVICE_TWICE"
    SLUG_TAKEN = "SLUG_TAKEN"
    DEPARTMENT_UNKNOWN = "DEPARTMENT_UNKNOWN"
    FORM_UNKNOWN = "FORM_UNKNOWN"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    SCHEME_UNKNOWN = "SCHEME_UNKNOWN"
    TEMPLATE_UNKNOWN = "TEMPLATE_UNKNOWN"
    FORM_WITHOUT_FACT = "FORM_WITHOUT_FACT"
    WORD_UNKNOWN = "WORD_UNKNOWN"
    STEP_UNREACHABLE = "STEP_UNREACHABLE"
    STEP_TWICE = "STEP_TWICE"
    NO_RESULT = "NO_RESULT"
    NO_CLOCK = "NO_CLOCK"
    NO_NOTIFICATION = "NO_NOTIFICATION"
    TWO_OFFICERS = "TWO_OFFICERS"
    QUORUM_TOO_LARGE = "QUORUM_TOO_LARGE"
    FEE_WITHOUT_STEP = "FEE_WITHOUT_STEP"
    STEP_WITHOUT_FEE = "STEP_WITHOUT_FEE"
    SIGNER_MISSING = "SIGNER_MISSING"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a definition breaks, and the cell of the file, as `steps/2/kind`; `said` names what is there."""

    cell: str
    rule: DefinitionRule
    said: str = ""

    def text(self, language: Language) -> str:
        """The rule and its remedy for a person."""
        return filled_label(f"definition_rule.{self.rule.value}", language, {"said": self.said or "–"})


_MOVES: Mapping[StepKind, tuple[Move, ...]] = {
    _K.SCRUTINY: (Move.BEGIN_SCRUTINY,),
    _K.FIELD_VERIFICATION: (Move.SEND_FOR_VERIFICATION, Move.REPORT_VERIFICATION),
    _K.INSPECTION: (Move.SEND_FOR_VERIFICATION, Move.REPORT_VERIFICATION),
    _K.CLEARANCE: (Move.ASK_CLEARANCE, Move.ANSWER_CLEARANCE),
    _K.PAYMENT: (Move.ASK_FEE, Move.RECEIVE_FEE),
}
_RESULTS: Mapping[Outcome, tuple[Move, Move, Move]] = {
    **dict.fromkeys(ISSUED, (Move.APPROVE, Move.ISSUE_CERTIFICATE, Move.DELIVER)),
    Outcome.BENEFIT: (Move.APPROVE, Move.SANCTION_BENEFIT, Move.DELIVER),
}
_AFTER_DECISION = (_K.PAYMENT, _K.ISSUE)
_FIELD = (_K.FIELD_VERIFICATION, _K.INSPECTION)
_PLAIN_RESULT = (Move.APPROVE, Move.DELIVER)


def walk(definition: Definition, outcome: Outcome) -> Iterator[tuple[int, Status | None]]:
    """The place of each step with the state in which it ends, from the submission on; None at one that is not reached.

    Nothing is walked after that one. What is examined comes before a decision of several officers. A payment that is
    not the first step falls due with the approval.
    """
    status, weighed, paid = Status.SUBMITTED, False, False
    for place, step in enumerate(definition.steps):
        end = _end_of(step, status, outcome, paid=paid)
        if end is None or (weighed and step.kind not in _AFTER_DECISION):
            yield place, None
            return
        yield place, end
        status, weighed, paid = end, weighed or step.kind in WEIGHED, step.kind is _K.PAYMENT


def _end_of(step: ServiceStep, status: Status, outcome: Outcome, *, paid: bool) -> Status | None:
    if step.kind in WEIGHED:
        return status if status in EXAMINED else None
    if step.kind is _K.SCRUTINY and paid and status is Status.IN_SCRUTINY:
        return status  # the payment has taken it there
    moves = _RESULTS.get(outcome, _PLAIN_RESULT) if step.kind is _K.ISSUE else _MOVES[step.kind]
    if step.kind is _K.PAYMENT and status in EXAMINED:
        moves = () if outcome is Outcome.BENEFIT else (Move.APPROVE, Move.ASK_FEE, Move.RECEIVE_FINAL_FEE)
    if step.kind is _K.ISSUE and status is Status.APPROVED:
        moves = moves[1:]  # the payment has taken it there
    if not moves:
        return None
    for move in moves:
        after = TRANSITIONS.get((status, move))
        if after is None:
            return None
        status = after
    return status


def findings_in_steps(service: Service, definition: Definition) -> Iterator[Finding]:
    """What is wrong with the steps, the clock and the officers of a definition and its service."""
    kinds = [one.kind for one in definition.steps]
    for place, end in walk(definition, service.outcome):
        if end is None:
            yield Finding(f"steps/{place}/kind", DefinitionRule.STEP_UNREACHABLE, kinds[place].value)
    yield from _repetitions(definition)
    if _K.ISSUE not in kinds:
        yield Finding("steps", DefinitionRule.NO_RESULT)
    for place, step in enumerate(definition.steps):
        if step.quorum is not None and step.members is not None and step.quorum > step.members:
            yield Finding(f"steps/{place}/quorum", DefinitionRule.QUORUM_TOO_LARGE, str(step.members))
    if service.fee_paise and _K.PAYMENT not in kinds:
        yield Finding("feePaise", DefinitionRule.FEE_WITHOUT_STEP)
    if not service.fee_paise and _K.PAYMENT in kinds:
        yield Finding(f"steps/{kinds.index(_K.PAYMENT)}/kind", DefinitionRule.STEP_WITHOUT_FEE)
    yield from _signers(service, definition)
    yield from _law(service, definition)


def _signers(service: Service, definition: Definition) -> Iterator[Finding]:
    """Officers sign certificates alone, and two of them where one confirms what the other decides."""
    cell, issues = "outcome/signedBy", service.outcome in ISSUED
    if definition.signed_by is not SignedBy.SYSTEM and not issues:
        yield Finding(cell, DefinitionRule.SIGNER_MISSING, service.outcome.value)
    if definition.signed_by is SignedBy.TWO_OFFICERS and definition.step(_K.SECOND_APPROVAL) is None:
        yield Finding(cell, DefinitionRule.SIGNER_MISSING, _K.SECOND_APPROVAL.value)


def _repetitions(definition: Definition) -> Iterator[Finding]:
    """A step that is there twice; two decisions of several officers are one too many as well.

    An inspection is a field verification by appointment: a service has one of them.
    """
    seen: set[tuple[StepKind, str | None]] = set()
    for place, step in enumerate(definition.steps):
        field = step.kind in _FIELD and any(kind in _FIELD for kind, _ in seen)
        if field or (step.kind, step.department) in seen:
            yield Finding(f"steps/{place}/kind", DefinitionRule.STEP_TWICE, step.kind.value)
        elif step.kind in WEIGHED and any(kind in WEIGHED for kind, _ in seen):
            yield Finding(f"steps/{place}/kind", DefinitionRule.TWO_OFFICERS, step.kind.value)
        seen.add((step.kind, step.department))


def _law(service: Service, definition: Definition) -> Iterator[Finding]:
    """A notified service has a limit, a limit its Act and notification, and an appeal goes to somebody else."""
    if service.rts_notified and service.limit_days is None:
        yield Finding("limit", DefinitionRule.NO_CLOCK)
    if service.limit_days is not None and not (definition.act and definition.notification):
        cell = "limit/notification" if definition.act else "limit/act"
        yield Finding(cell, DefinitionRule.NO_NOTIFICATION)
    levels = {"designated": service.designated_officer, "firstAppellate": service.first_appellate}
    if service.second_appellate is not None:
        levels["secondAppellate"] = service.second_appellate
    held: set[str | None] = set()
    for name, post in levels.items():
        if post in held:
            yield Finding(f"levels/{name}", DefinitionRule.TWO_OFFICERS, post or "")
        held.add(post)
    for place, step in enumerate(definition.steps):
        if step.department is not None and step.department == service.department:
            yield Finding(f"steps/{place}/department", DefinitionRule.TWO_OFFICERS, step.department)
