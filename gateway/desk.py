"""The settings of the officers' desk."""

from pydantic import BaseModel, Field

from domain.desk import CLAIM_MINUTES, OUTSIDE_READS_AN_HOUR, DeskRules


class Desk(BaseModel):
    """How long a claim holds, and from when on reads of colleagues' cases raise an alarm."""

    claim_minutes: int = Field(
        default=CLAIM_MINUTES, gt=0, description="Minutes after which an officer's claim ends by itself."
    )
    outside_reads_an_hour: int = Field(
        default=OUTSIDE_READS_AN_HOUR,
        gt=0,
        description="Reads of colleagues' cases by one officer within an hour that are usual; more raise an alarm.",
    )

    def rules(self) -> DeskRules:
        """The settings in the words of the domain."""
        return DeskRules(self.claim_minutes, self.outside_reads_an_hour)
