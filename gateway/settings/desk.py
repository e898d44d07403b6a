"""Settings of the officers' desk."""

from pydantic import BaseModel, Field

from domain.officers.desk import CLAIM_MINUTES, OUTSIDE_READS_AN_HOUR, DeskRules
from domain.officers.staff import AbsenceRule


class Desk(BaseModel):
    """Claims, reads of colleagues' cases, and who has the work of those who are away."""

    claim_minutes: int = Field(
        default=CLAIM_MINUTES, gt=0, description="Minutes after which an officer's claim on a case expires."
    )
    outside_reads_an_hour: int = Field(
        default=OUTSIDE_READS_AN_HOUR,
        gt=0,
        description="Reads of colleagues' cases by one officer in an hour; more raise an alarm.",
    )

    absence: AbsenceRule = Field(
        default=AbsenceRule.STAND_IN,
        description="Who gets the work of an officer on leave or of a vacant post: STAND_IN is the named substitute, "
        "or the level above if there is none; LEVEL_ABOVE is always the level above.",
    )

    hr_changes_at_once: bool = Field(
        default=False,
        description="Whether changes of officers that the state's HR system sends are carried out at once; else an "
        "administrator confirms them. Those about administrators of the state, auditors and Commissioners always wait.",
    )

    def rules(self) -> DeskRules:
        """The settings in the words of the domain."""
        return DeskRules(self.claim_minutes, self.outside_reads_an_hour, self.absence, self.hr_changes_at_once)
