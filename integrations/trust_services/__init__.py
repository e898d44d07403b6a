"""Certifying authorities: whether an officer's certificate holds, and time stamps (docs/contracts/signatures.md)."""

from integrations.trust_services.client import CODES, POLICIES, TrustServices, open_clients
from integrations.trust_services.models import (
    CertificateUnfit,
    Checked,
    Evidence,
    Holder,
    Stamp,
    TokenCertificate,
    TrustSettings,
    UnfitReason,
)
