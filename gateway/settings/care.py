"""Settings of citizen services: periods with their legal source, limits of tracking, the doorstep fee."""

from pydantic import BaseModel, Field

from domain.feedback.feedback import CareRules
from gateway.settings.limits import DEMO_TIMES


class Care(BaseModel):
    """Feedback, grievances, tracking without sign-in, and doorstep delivery."""

    grievance_days: int = Field(
        default=30, ge=1, le=90, description="Calendar days in which the office replies to a grievance."
    )
    data_grievance_days: int = Field(
        default=30,
        ge=1,
        le=90,
        description="Calendar days in which the office replies to a grievance about personal data: at most 90 "
        "(Digital Personal Data Protection Rules 2025, rule 14).",
    )
    feedback_edit_days: int = Field(default=7, ge=0, description="Days in which citizens may change their feedback.")
    tracking_window_minutes: int = Field(
        default=60, gt=0, description="Minutes over which attempts to track an application are counted."
    )
    tracking_tries_per_number: int = Field(
        default=10, gt=0, description="Failed attempts to track one application in that time; the same in the demo."
    )
    tracking_tries_per_client: int = Field(
        default=60,
        gt=0,
        description="Attempts to track by one client in that time; in the demo a thousand times as many.",
    )
    codes_per_number: int = Field(
        default=5,
        gt=0,
        description="One-time codes sent to one mobile number in an hour; in the demo a thousand times as many.",
    )
    texts_per_day: int = Field(
        default=20, gt=0, description="Grievances that one person may submit in a day, and as many suggestions."
    )
    drafts_per_person: int = Field(
        default=20, gt=0, description="Drafts that are kept for one citizen; in the demo a thousand times as many."
    )
    doorstep_fee_paise: int | None = Field(
        default=None, ge=0, description="The fee of a doorstep visit in paise. If unset, no fee is charged."
    )
    doorstep_visits_per_slot: int = Field(
        default=4,
        gt=0,
        description="Visits assigned to one doorstep agent, or one inspecting officer, in one slot of three hours.",
    )

    def rules(self, *, demo: bool) -> CareRules:
        """The same for the verbs."""
        given = self.model_dump()
        for name in ("tracking_tries_per_client", "codes_per_number", "drafts_per_person"):
            given[name] *= DEMO_TIMES if demo else 1
        return CareRules(**given)
