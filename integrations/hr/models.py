"""What the state's HR system and its endpoint exchange, and what was agreed with it.

Source: docs/contracts/hr.md, INFERRED.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, Self, TypeAlias

from pydantic import AfterValidator, Field

from integrations.calling.answers import AnswerModel, BodyModel, MessageId, PlainLine
from integrations.calling.caller_authentication import FAILURES_A_MINUTE

CALLS_A_MINUTE = 60
MOST_ROWS = 500
"""Rows of one message."""
_LEAST_SECRET = 32


@dataclass(frozen=True, slots=True)
class HrSettings:
    """What onboarding handed over: the secret that signs, and during a change-over the one before beside it."""

    secrets: tuple[str, ...] = field(repr=False)
    calls_a_minute: int = CALLS_A_MINUTE
    failures_a_minute: int = FAILURES_A_MINUTE

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any], *, times: int = 1) -> Self:
        """Read `secrets`; `times` multiplies the endpoint's limits. Raises KeyError, ValueError."""
        secrets = tuple(map(str, given["secrets"]))
        if not secrets or min(map(len, secrets)) < _LEAST_SECRET:
            raise ValueError("secrets")
        return cls(secrets, CALLS_A_MINUTE * times, FAILURES_A_MINUTE * times)


_Row: TypeAlias = Annotated[dict[PlainLine, PlainLine], AfterValidator(lambda row: {"change": "", **row})]


class StaffMessage(BodyModel):
    """Rows that go together, as those of a file of officers (docs/contracts/hr.md section 3)."""

    id: MessageId = Field(alias="messageId")
    rows: tuple[_Row, ...] = Field(min_length=1, max_length=MOST_ROWS)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that breaks a rule, by its number in the message, with what is wrong and what to do about it."""

    row: int
    cell: str
    rule: str
    hi: str
    en: str


@dataclass(frozen=True, slots=True)
class LeftRow:
    """A row that could not be carried out, by its number in the message and the code of the reason."""

    row: int
    rule: str


@dataclass(frozen=True, slots=True)
class TakenMessage:
    """The batch that a message became; none where rows are refused, which leaves nothing behind."""

    batch_id: str | None = None
    state: str = ""
    repeated: bool = False
    refused: Sequence[RefusedRow] = ()
    left: Sequence[LeftRow] = ()


class StaffChangesAnswer(AnswerModel):
    """The answer to a message, with how many rows it had and which of them could not be carried out."""

    message_id: str
    batch: str | None
    state: str
    rows: int
    left: tuple[LeftRow, ...] = ()


class StaffRegister(Protocol):
    """What stands behind the endpoint."""

    async def take(self, message: StaffMessage) -> TakenMessage:
        """Take a message once. Raises Problems."""
        ...
