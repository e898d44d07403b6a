"""Exercises of training: what is asked of a learner, her attempts, and what she did right and wrong in each."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.kernel import Bilingual


class MarkState(StrEnum):
    """Where a mark of an attempt stands; also the attempt as a whole."""

    OPEN = "OPEN"
    """It can still be reached."""
    MET = "MET"
    MISSED = "MISSED"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that an exercise asks for; `told` says what was right or wrong, None while it is open."""

    text: Bilingual
    state: MarkState
    told: Bilingual | None


@dataclass(frozen=True, slots=True)
class Exercise:
    """What a learner is asked to do."""

    key: str
    title: Bilingual
    situation: Bilingual
    task: Bilingual
    hints: tuple[Bilingual, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a learner, on a case of its own. One that ended was reset, and stays as it was.

    `link` is the page on which she works. `number` is what she knows the case by, `case_id` its application; None where
    she makes the case herself.
    """

    id: str
    learner_id: str
    exercise: str
    department: str | None
    district: str
    tehsil: str | None
    link: str
    number: str | None
    case_id: str | None
    hints: int
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an attempt is. `title` is None where its exercise is there no more, `learner` where she was erased."""

    attempt: Attempt
    title: Bilingual | None
    learner: Bilingual | None
    marks: tuple[Mark, ...]

    @property
    def state(self) -> MarkState:
        """MISSED where a mark is, MET where every one is, else OPEN."""
        states = {mark.state for mark in self.marks}
        order = (MarkState.MISSED, MarkState.OPEN)
        return next((state for state in order if state in states), MarkState.MET)
