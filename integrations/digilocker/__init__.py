"""DigiLocker, the national document wallet: our client as requester, our door as issuer."""

from integrations.digilocker.client import POLICIES, DigiLocker
from integrations.digilocker.digests import HmacEncoding
from integrations.digilocker.endpoint import issuer_routes
from integrations.digilocker.issuer_models import (
    PENDING,
    CopyFormat,
    IssuedCopy,
    Issuer,
    IssuerSettings,
    Pending,
    PullDocRequest,
    PullRequest,
)
from integrations.digilocker.models import (
    DigiLockerSettings,
    IssuedDocument,
    LockerFile,
    LockerGrant,
    TokenAnswer,
)

__all__ = [
    "PENDING",
    "POLICIES",
    "CopyFormat",
    "DigiLocker",
    "DigiLockerSettings",
    "HmacEncoding",
    "IssuedCopy",
    "IssuedDocument",
    "Issuer",
    "IssuerSettings",
    "LockerFile",
    "LockerGrant",
    "Pending",
    "PullDocRequest",
    "PullRequest",
    "TokenAnswer",
    "issuer_routes",
]
