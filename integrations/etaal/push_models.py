"""Models of the push to e-Taal: its counts, answers and settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from integrations.calling.onboarding import read_settings
from integrations.etaal.models import ServiceCount

LONGEST_PROJECT_CODE = 10
"""Characters (docs/contracts/etaal.md section 4)."""


@dataclass(frozen=True, slots=True)
class EtaalPushSettings:
    """What enrolment for the push gave. `pushes_from` is the first day that is sent; earlier ones are only pulled."""

    project_code: str
    client_id: str
    client_secret: str = field(repr=False)
    signing_secret: str = field(repr=False)
    pushes_from: date
    state_code: str = "5"

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self | None:
        """Read `project_code` and the mapping `push`; None where enrolment was for the pull alone.

        Raises KeyError where a part is missing, ValueError for one that is out of form.
        """
        push = given.get("push")
        if push is None:
            return None
        project = str(given["project_code"])
        if not 1 <= len(project) <= LONGEST_PROJECT_CODE:
            raise ValueError("project_code has at most ten characters")
        return read_settings(cls, push, project_code=project)


@dataclass(frozen=True, slots=True)
class Batch:
    """The counts of one day at one revision. The same day and revision are always the same batch."""

    day: date
    revision: int
    rows: tuple[ServiceCount, ...]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that e-Taal did not take, with its code, such as E10 for a service that it does not know."""

    row: int
    code: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """e-Taal took the batch; `received` rows of it, without those in `rejected`."""

    batch_id: str
    received: int
    rejected: tuple[RejectedRow, ...]
