"""Domain enumerations as enums of the graph; their value descriptions are the English labels of the catalogue."""

from enum import StrEnum
from typing import Any

import strawberry

from actions.decide import Verdict
from actions.environment import SubmissionState
from actions.submit_checks import DocumentSource
from domain.applications import Channel, DeliveryMode, RejectionGround
from domain.benefits import PaymentStatus
from domain.catalogue import Outcome
from domain.certificates import CertificateStatus
from domain.deadline import DayUnit
from domain.errors import ErrorCode, Remedy
from domain.lifecycle import Move, Status
from domain.messages import label
from domain.people import OfficerLevel, Provider, Role
from domain.policy import ObjectKind, Purpose
from domain.sources import Source, SourceState
from domain.text import Language


class DocumentIntegrity(StrEnum):
    """How the content of a file was checked; a file that fails its check is an error with the code INTEGRITY."""

    SHA256_VERIFIED = "SHA256_VERIFIED"
    HMAC_VERIFIED = "HMAC_VERIFIED"


def _publish(enum: type[StrEnum], name: str, labels: str, description: str) -> None:
    """Make a plain enumeration known to the graph; `labels` is the prefix of its texts in the catalogues."""
    strawberry.enum(enum, name=name, description=description)
    definition: Any = vars(enum)["__strawberry_definition__"]
    for value in definition.values:
        value.description = label(f"{labels}.{value.name}", Language.EN)


_publish(Status, "ApplicationStatus", "status", "Where an application stands.")
_publish(Move, "ApplicationMove", "move", "What can happen to an application.")
_publish(Channel, "Channel", "channel", "Where an application came in.")
_publish(DeliveryMode, "DeliveryMode", "delivery", "How the citizen wants the result.")
_publish(RejectionGround, "RejectionGround", "ground", "Coded grounds of a rejection, return or query.")
_publish(DocumentSource, "DocumentSource", "document_source", "Where an attached document lies.")
_publish(PaymentStatus, "PaymentStatus", "payment", "Where a payment stands.")
_publish(CertificateStatus, "CertificateStatus", "certificate", "Whether a certificate holds.")
_publish(Outcome, "ServiceOutcome", "outcome", "What an approved application ends in.")
_publish(DayUnit, "DayUnit", "day_unit", "How a service's time limit is counted.")
_publish(Provider, "AccountProvider", "provider", "Who holds an account that a person linked.")
_publish(Role, "Role", "role", "A role in the portal.")
_publish(OfficerLevel, "OfficerLevel", "level", "The three levels of the Right to Service Act, section 3.")
_publish(Purpose, "Purpose", "purpose", "Why data were read (DPDP Rules 2025, Second Schedule).")
_publish(ObjectKind, "DataKind", "object_kind", "What was read.")
_publish(Source, "Source", "source", "A system that an answer can come from.")
_publish(SourceState, "SourceState", "source_state", "How an answer was had from its system.")
_publish(SubmissionState, "SubmissionState", "submission", "How far what was handed in has come.")
_publish(Language, "Language", "language", "Languages of the portal; Garhwali and Kumaoni fall back to Hindi.")
_publish(ErrorCode, "ErrorCode", "error", "Stable codes of refusals and errors.")
_publish(Remedy, "Action", "remedy", "What the person can do about an error.")
_publish(Verdict, "Verdict", "verdict", "What an officer can do with an application.")
_publish(DocumentIntegrity, "DocumentIntegrity", "integrity", "How the content of a file was checked.")
