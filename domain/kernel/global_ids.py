"""Opaque global identifiers of the graph: base64url of `<TypeCode>:<uuid>`."""

import base64
import binascii
import uuid
from enum import StrEnum

from domain.kernel.errors import MalformedGlobalId


class TypeCode(StrEnum):
    """The short code of each type that `node` can find."""

    CITIZEN = "CZ"
    OFFICER = "OF"
    OPERATOR = "OP"
    SERVICE = "SV"
    APPLICATION = "AP"
    CERTIFICATE = "CT"
    BENEFIT = "BN"
    DEPARTMENT = "DP"
    DISTRICT = "DT"
    SCHEME = "SC"
    APPEAL = "AL"
    CLEARANCE = "CL"
    GRIEVANCE = "GV"
    SUGGESTION = "SG"
    VISIT = "VS"
    NOTIFICATION = "NT"
    LEAVE = "LV"


def to_global_id(code: TypeCode, key: str) -> str:
    """Make the opaque identifier."""
    return base64.urlsafe_b64encode(f"{code.value}:{key}".encode()).decode().rstrip("=")


def from_global_id(text: str) -> tuple[TypeCode, str]:
    """Read an opaque identifier; raises MalformedGlobalId."""
    try:
        padded = text + "=" * (-len(text) % 4)
        code, _, key = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").partition(":")
        return TypeCode(code), str(uuid.UUID(key))
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise MalformedGlobalId from error
