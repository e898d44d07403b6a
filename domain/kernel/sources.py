"""The outside systems by name, and the freshness of an answer from one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Source(StrEnum):
    """Every system an answer can come from (ADR 0013)."""

    DIGILOCKER = "DIGILOCKER"
    API_SETU = "API_SETU"
    UMANG = "UMANG"
    E_TAAL = "E_TAAL"
    SSO = "SSO"
    DBT_FINANCE = "DBT_FINANCE"
    PFMS = "PFMS"
    RIGHT_TO_SERVICE = "RIGHT_TO_SERVICE"
    SMS = "SMS"
    WHATSAPP = "WHATSAPP"
    PUSH = "PUSH"
    EMAIL = "EMAIL"
    CSC = "CSC"
    TREASURY = "TREASURY"
    NCS = "NCS"
    SMART_CITY = "SMART_CITY"
    DEPARTMENTS = "DEPARTMENTS"
    HR = "HR"
    EVENT_RECEIVERS = "EVENT_RECEIVERS"
    TRUST_SERVICES = "TRUST_SERVICES"
    STORE = "STORE"


class SourceState(StrEnum):
    """How an answer was had: from the system now, from a fresh copy, from an old copy, later, or not."""

    LIVE = "LIVE"
    CACHED = "CACHED"
    STALE = "STALE"
    QUEUED = "QUEUED"
    DOWN = "DOWN"


@dataclass(frozen=True)
class Sourced(Generic[T]):
    """A value from an outside system, with when and how it was had."""

    value: T
    source: Source
    state: SourceState
    as_of: datetime
