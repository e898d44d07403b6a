"""Settings of online fees: the portal's charge and the refund rules, each with the order that sets it."""

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from domain.applications.lifecycle import Move
from domain.fees.fees import FeeRules


class Fees(BaseModel):
    """Fees that are paid online. What is not set here is not charged, and does not go back."""

    charge_paise: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="The portal's charge for a fee paid online, in paise; credited to a separate account head.",
    )
    charge_source: str | None = Field(
        default=None,
        min_length=3,
        max_length=200,
        description="The order that sets the charge, as shown to citizens; required with `CHARGE_PAISE`.",
    )
    refund_after: list[Literal["WITHDRAW", "REJECT", "RETURN_AS_INCOMPLETE"]] = Field(
        default_factory=list,
        description="The steps of an application after which a fee paid online is refunded, as a JSON list.",
    )
    refund_source: str | None = Field(
        default=None,
        min_length=3,
        max_length=200,
        description="The rule by which it is refunded; required with `REFUND_AFTER`.",
    )

    @model_validator(mode="after")
    def _names_its_source(self) -> Self:
        if self.charge_paise and not self.charge_source:
            raise PydanticCustomError("source", "CHARGE_SOURCE is needed with CHARGE_PAISE")
        if self.refund_after and not self.refund_source:
            raise PydanticCustomError("source", "REFUND_SOURCE is needed with REFUND_AFTER")
        return self

    def rules(self) -> FeeRules:
        """The rules as verbs use them."""
        moves = frozenset(Move(step) for step in self.refund_after)
        return FeeRules(self.charge_paise, self.charge_source, moves, self.refund_source)
