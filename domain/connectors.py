"""Versions of the files by which departments' systems join, and what is sent to such a system (docs/connectors.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class ConnectorVersionState(StrEnum):
    """The state of one version of a connector."""

    PROPOSED = "PROPOSED"
    """It waits for a second person."""
    APPROVED = "APPROVED"
    """It is in force, or was until a later one was approved."""
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    """It was in force and was rolled back; the one before it holds again."""


@dataclass(frozen=True, slots=True)
class ConnectorVersion:
    """One version of a connector's file. Its bytes never change: other bytes are another version.

    `content` is the file as text, `sha256` the hash of its bytes in hexadecimal digits, which the second person
    approves. In force is the approved version with the highest number. `department` is the slug of whom it speaks for,
    None for a national system.
    """

    id: str
    name: str
    version: int
    department: str | None
    content: str
    sha256: str
    state: ConnectorVersionState
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


class DepartmentStatus(StrEnum):
    """How a case stands at a department's system, whatever that calls it."""

    RECEIVED = "RECEIVED"
    IN_PROCESS = "IN_PROCESS"
    NEEDS_CITIZEN = "NEEDS_CITIZEN"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"


class DepartmentCaseState(StrEnum):
    """What became of what was sent to a department's system."""

    QUEUED = "QUEUED"
    """It waits until the system has it, and is sent once."""
    SENT = "SENT"
    REFUSED = "REFUSED"
    UNCERTAIN = "UNCERTAIN"
    """Nobody can tell whether it arrived, so it is not repeated: somebody asks the department."""


@dataclass(frozen=True, slots=True)
class DepartmentCase:
    """What we sent to a department's system, or what we asked it about a clearance; its `id` is the key over there.

    `inputs` are the values of the call. `record` is the row that the system answered last, by the names of the file's
    fields, `as_of` when. `tried_at` is set before the first attempt: whoever finds it without an answer enquires before
    anything is repeated. `next_at` is when the system is asked again, None when no more; `ends_at` the end of that.
    """

    id: str
    citizen_id: str
    application_id: str | None
    clearance_id: str | None
    system: str
    call: str
    kind: str
    state: DepartmentCaseState
    inputs: Mapping[str, Any]
    created_at: datetime
    status: DepartmentStatus | None = None
    number: str | None = None
    record: Mapping[str, Any] | None = None
    tried_at: datetime | None = None
    as_of: datetime | None = None
    next_at: datetime | None = None
    ends_at: datetime | None = None
    polls: int = 0
    problem: str | None = None
    """The code of a refusal: the system's, or a short word of ours."""
