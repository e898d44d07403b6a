"""What is of a person shows in no repr, so that no log line and no traceback can bear it by an object."""

from dataclasses import fields
from typing import Any

import pytest

from domain.applications.applications import Application
from domain.doorstep import Visit
from domain.feedback.feedback import Feedback, Suggestion
from domain.feedback.grievances import Grievance
from domain.identity.assisting import Relative
from domain.kernel import Citizen
from domain.rosters.rosters import RowPerson
from domain.rosters.rows import RawRow
from legacy.applications import LegacyPerson, LegacyRow

PERSONAL = frozenset(
    {
        "name", "name_hi", "born_on", "gender", "mobile", "email", "confirmed_email", "guardian", "aadhaar",
        "aadhaar_last4", "aadhaar_reference", "form", "answers", "content", "text", "reply", "otp", "otp_hash",
        "old_id",
    }
)  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [
        Application,
        Citizen,
        Feedback,
        Grievance,
        LegacyPerson,
        LegacyRow,
        RawRow,
        Relative,
        RowPerson,
        Suggestion,
        Visit,
    ],
)
def test_what_is_of_a_person_does_not_show(kind: type[Any]):
    made = kind(**{field.name: f"value of {field.name}" for field in fields(kind)})
    shown = {field.name for field in fields(kind) if f"value of {field.name}'" in repr(made)}
    assert shown == {field.name for field in fields(kind)} - PERSONAL
