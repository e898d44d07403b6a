"""Settings of the files that go to PFMS: when batches are made, and how large."""

import re
from datetime import time
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from domain.payment_files import PaymentRules

_TIME = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_DAYS = re.compile(r"(0[1-9]|1[0-2])-[0-3][0-9]/(0[1-9]|1[0-2])-[0-3][0-9]")


class PaymentFiles(BaseModel):
    """Files to PFMS and back (docs/payments.md)."""

    times: list[_TIME] = Field(
        default=["10:30", "13:30", "16:30"],
        min_length=1,
        max_length=48,
        description="The batch times of a day, in India, as a JSON list.",
    )
    lines_per_file: int = Field(default=2_000, ge=1, le=10_000, description="The most lines of one file.")
    frozen: list[str] = Field(
        default=["03-28/03-31"],
        description="Days of each year on which no batch is made, as a JSON list of MM-DD/MM-DD: the treasury closes "
        "its year.",
    )
    look_seconds: float | None = Field(
        default=None,
        gt=0,
        description="Seconds between two looks of a worker for answers and batch times. Without it, 5 in the demo and "
        "60 in production.",
    )
    answer_days: int = Field(
        default=90, ge=30, description="Days that the octets of an answer are kept; name and hash stay for ever."
    )

    @field_validator("frozen")
    @classmethod
    def _are_days(cls, value: list[str]) -> list[str]:
        if not all(_DAYS.fullmatch(each) for each in value):
            raise PydanticCustomError("days", "Input should be days such as 03-28/03-31")
        return value

    def seconds(self, *, demo: bool) -> float:
        """Seconds between two looks."""
        return self.look_seconds or (5.0 if demo else 60.0)

    def rules(self) -> PaymentRules:
        """As the domain wants them."""
        return PaymentRules(
            times=tuple(time.fromisoformat(each) for each in self.times),
            lines_per_file=self.lines_per_file,
            frozen=tuple((each[:5], each[6:]) for each in self.frozen),
            answer_days=self.answer_days,
        )
