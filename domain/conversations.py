"""What a conversation remembers between two messages, as JSON, and what an answer to it consists of (ADR 0038)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

AWAITED_FOR = timedelta(days=1)
"""So long a text is taken for the answer to what was asked."""


class Step(StrEnum):
    """What the gateway has asked, and awaits."""

    NOTHING = "NOTHING"
    FIND = "FIND"
    """Words by which a service is found."""
    QUESTION = "QUESTION"
    """The answer to the question of the form that `about` names."""
    DISTRICT = "DISTRICT"
    TEHSIL = "TEHSIL"
    PAPER = "PAPER"
    """A photograph or a PDF of the paper that `about` names."""
    CONFIRM = "CONFIRM"
    APPEAL = "APPEAL"
    """Why she appeals about the application that `about` names."""
    WORDS = "WORDS"
    """A word or two beside the stars that she gave; `about` names the application and their number."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Where a conversation stands. `papers` are the SHA-256 of uploads by the papers that they are.

    `asked_at` is when the gateway asked: a text that was written before, or long after, is no answer.
    """

    step: Step = Step.NOTHING
    about: str = ""
    asked_at: datetime | None = None
    service: str = ""
    district: str = ""
    tehsil: str = ""
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    papers: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As it is kept; `read` gives it back."""
        asked = self.asked_at.isoformat() if self.asked_at else None
        return {name: value for name, value in (asdict(self) | {"asked_at": asked}).items() if value}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        """What was kept; nothing for what another release kept otherwise."""
        try:
            given = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
            asked = given.get("asked_at")
            step, moment = Step(given.get("step", Step.NOTHING)), datetime.fromisoformat(asked) if asked else None
            return cls(**given | {"step": step, "asked_at": moment})
        except (TypeError, ValueError):
            return cls()

    def awaits_text(self, written_at: datetime) -> bool:
        """Whether a text that was written at a time can be the answer: within a day; WhatsApp tells whole seconds."""
        if self.step in {Step.NOTHING, Step.PAPER, Step.CONFIRM}:
            return False
        return self.asked_at is None or timedelta(0) <= written_at - self.asked_at.replace(microsecond=0) < AWAITED_FOR


@dataclass(frozen=True, slots=True)
class Reply:
    """A message of an answer: `choices` are ids with titles, which a list shows under `opens` where there are many."""

    text: str = field(repr=False)
    choices: tuple[tuple[str, str], ...] = ()
    opens: str = ""
    certificate: str | None = None

    @property
    def extras(self) -> Mapping[str, Any] | None:
        """What goes with the text, as it is kept."""
        if self.choices:
            return {"choices": [list(one) for one in self.choices], "opens": self.opens}
        return {"certificate": self.certificate} if self.certificate else None
