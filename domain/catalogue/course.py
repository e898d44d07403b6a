"""The course of an application through the steps of its service: which are done, and which moves they allow."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.applications.lifecycle import Move, Status, moves_from
from domain.catalogue.definitions import Definition, ServiceStep, StepKind
from domain.clearances import Clearance, ClearanceState

_K = StepKind
_ENDS: Mapping[StepKind, frozenset[Move]] = {
    _K.SCRUTINY: frozenset({Move.BEGIN_SCRUTINY, Move.RECEIVE_FEE}),
    _K.FIELD_VERIFICATION: frozenset({Move.REPORT_VERIFICATION}),
    _K.INSPECTION: frozenset({Move.REPORT_VERIFICATION}),
    _K.PAYMENT: frozenset({Move.RECEIVE_FEE, Move.RECEIVE_FINAL_FEE}),
    _K.ISSUE: frozenset({Move.ISSUE_CERTIFICATE, Move.SANCTION_BENEFIT, Move.DELIVER}),
}
"""The moves one of which ends a step."""

BEGINS: Mapping[Move, tuple[StepKind, ...]] = {
    Move.SEND_FOR_VERIFICATION: (_K.FIELD_VERIFICATION, _K.INSPECTION),
    Move.ASK_CLEARANCE: (_K.CLEARANCE,),
}
"""The moves that begin a step of one of the kinds, which no service without such a step has."""

DECIDES = frozenset({Move.APPROVE, Move.REJECT})
_BEFORE_REFUSAL = frozenset({_K.FIELD_VERIFICATION, _K.INSPECTION})
_BEFORE_APPROVAL = _BEFORE_REFUSAL | {_K.CLEARANCE}
"""What must be known of the facts before any decision; a refusal need not wait for other departments."""


def steps_done(
    definition: Definition, moves: Iterable[Move], clearances: Iterable[Clearance], now: datetime
) -> tuple[bool, ...]:
    """For each step whether it is done, by the moves of the timeline and the clearances of an application.

    A clearance that is overdue holds nobody up (docs/contracts/right_to_service.md section 3).
    """
    taken = frozenset(moves)
    held = {one.department for one in clearances if one.state is ClearanceState.ASKED and one.due_at >= now}
    asked = {one.department for one in clearances}

    def is_done(step: ServiceStep) -> bool:
        if step.kind is _K.CLEARANCE:
            return step.department in asked - held
        return bool(taken & _ENDS.get(step.kind, DECIDES))

    return tuple(map(is_done, definition.steps))


@dataclass(frozen=True, slots=True)
class Course:
    """The steps of a definition, and for each of them whether one application has done it.

    `may_report` says whether an inspection was by appointment (domain/doorstep.py), so that its report may be given.
    """

    definition: Definition
    done: tuple[bool, ...]
    may_report: bool

    def has_step(self, move: Move) -> bool:
        """Whether a move belongs to a step of the definition, or to none in particular."""
        return move not in BEGINS or self.definition.step(*BEGINS[move]) is not None

    @property
    def inspection(self) -> ServiceStep | None:
        """The inspection that is not done yet; None where there is none."""
        return next((one for one, is_done in self._steps() if one.kind is _K.INSPECTION and not is_done), None)

    def step_before(self, move: Move) -> ServiceStep | None:
        """The step that has to be done before a move; None where it may be taken, or belongs to no step."""
        if move is Move.REPORT_VERIFICATION:
            return self.step_before(Move.SEND_FOR_VERIFICATION) or (None if self.may_report else self.inspection)
        begun = (place for place, one in enumerate(self.definition.steps) if one.kind in BEGINS.get(move, ()))
        place = len(self.definition.steps) if move in DECIDES else next(begun, 0)
        needed = _BEFORE_REFUSAL if move is Move.REJECT else _BEFORE_APPROVAL
        waiting = (one for one, is_done in self._steps()[:place] if not is_done and not one.optional)
        return next((one for one in waiting if one.kind in needed), None)

    def clearances_to_ask(self, asked: Iterable[str]) -> Iterator[ServiceStep]:
        """The clearances whose turn has come and that nobody asked: those in a row are asked at once."""
        known = frozenset(asked)
        for step, is_done in self._steps():
            if step.kind is _K.CLEARANCE:
                if step.department not in known:
                    yield step
            elif not is_done and not step.optional:
                return

    def _steps(self) -> list[tuple[ServiceStep, bool]]:
        return list(zip(self.definition.steps, self.done, strict=True))


def moves_in_course(status: Status, course: Course | None) -> frozenset[Move]:
    """The moves that law and definition allow from here; without a definition those of the law."""
    late = course is not None and course.definition.fee_after_approval
    others = {Move.RECEIVE_FEE} if late else {Move.RECEIVE_FINAL_FEE}
    lawful = moves_from(status) - others - ({Move.ASK_FEE} if status is Status.APPROVED and not late else set())
    if course is None:
        return lawful
    return frozenset(one for one in lawful if course.has_step(one) and course.step_before(one) is None)
