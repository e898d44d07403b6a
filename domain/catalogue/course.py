"""The course of an application through the steps of its service: which are done, and which moves they allow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from domain.applications.lifecycle import Move, Status, moves_from
from domain.catalogue.definitions import Definition, ServiceStep, StepKind
from domain.clearances import Clearance, ClearanceState

_K = StepKind
_ENDS = MappingProxyType(
    {
        _K.SCRUTINY: frozenset({Move.BEGIN_SCRUTINY, Move.RECEIVE_FEE}),
        _K.FIELD_VERIFICATION: frozenset({Move.REPORT_VERIFICATION}),
        _K.PAYMENT: frozenset({Move.RECEIVE_FEE}),
        _K.ISSUE: frozenset({Move.ISSUE_CERTIFICATE, Move.SANCTION_BENEFIT, Move.DELIVER}),
    }
)
"""The moves one of which ends a step."""

BEGINS = MappingProxyType({Move.SEND_FOR_VERIFICATION: _K.FIELD_VERIFICATION, Move.ASK_CLEARANCE: _K.CLEARANCE})
"""The moves that begin a step, which no service without such a step has."""

DECIDES = frozenset({Move.APPROVE, Move.REJECT})
_BEFORE_APPROVAL = frozenset({_K.FIELD_VERIFICATION, _K.CLEARANCE})
_BEFORE_REFUSAL = frozenset({_K.FIELD_VERIFICATION})
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
    """The steps of a definition, and for each of them whether one application has done it."""

    definition: Definition
    done: tuple[bool, ...]

    def has_step(self, move: Move) -> bool:
        """Whether a move belongs to a step of the definition, or to none in particular."""
        return move not in BEGINS or self.definition.step(BEGINS[move]) is not None

    def step_before(self, move: Move) -> ServiceStep | None:
        """The step that has to be done before a move; None where it may be taken, or belongs to no step."""
        kinds = [one.kind for one in self.definition.steps]
        place = len(kinds) if move in DECIDES else kinds.index(BEGINS[move]) if BEGINS.get(move) in kinds else 0
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
    lawful = moves_from(status)
    if course is None:
        return lawful
    return frozenset(one for one in lawful if course.has_step(one) and course.step_before(one) is None)
