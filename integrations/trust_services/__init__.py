"""Certifying authorities: whether an officer's certificate holds, and time stamps (docs/contracts/signatures.md)."""

from integrations.trust_services.client import CODES, NOWHERE, POLICIES, TrustServices, open_clients
from integrations.trust_services.models import (
    NO_TRUST,
    CertificateUnfit,
    Checked,
    Evidence,
    ExaminedSignature,
    Holder,
    Stamp,
    TokenCertificate,
    TrustSettings,
    UnfitReason,
)
