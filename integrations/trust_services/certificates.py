"""Checks officers' and time stampers' certificates against pinned roots (docs/contracts/signatures.md section 3.3).

Everything here blocks and asks nobody.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from asn1crypto import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    PathError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule

from integrations.trust_services.models import CertificateUnfit, Evidence, Holder, TrustSettings, UnfitReason
from integrations.trust_services.wire import load_certificate

_Rule = RevocationCheckingRule
_ANSWERED = RevocationCheckingPolicy(
    ee_certificate_rule=_Rule.CRL_OR_OCSP_REQUIRED, intermediate_ca_cert_rule=_Rule.NO_CHECK
)
"""The authorities between are pinned by whoever runs the installation; only the last certificate is asked about."""
_UNASKED = RevocationCheckingPolicy(ee_certificate_rule=_Rule.NO_CHECK, intermediate_ca_cert_rule=_Rule.NO_CHECK)


class RevocationUnknown(Exception):
    """No answer says whether the certificate was revoked."""


def context_at(
    settings: TrustSettings, now: datetime, evidence: Iterable[Evidence] = (), *, asked: bool = False
) -> ValidationContext:
    """What is trusted at a moment, with answers about revocation, one of which must decide where it is `asked`."""
    answers = list(evidence)
    return ValidationContext(
        trust_roots=[load_certificate(one) for one in settings.anchors],
        other_certs=[load_certificate(one) for one in settings.authorities],
        moment=now,
        allow_fetching=False,
        ocsps=[one.content for one in answers if one.kind == "OCSP"],
        crls=[one.content for one in answers if one.kind == "CRL"],
        revinfo_policy=CertRevTrustPolicy(_ANSWERED if asked else _UNASKED),
    )


def check_certificate(settings: TrustSettings, der: bytes, now: datetime, holder: Holder) -> list[x509.Certificate]:
    """The certificate and the authorities above it, its root last, where all but its revocation is right.

    Raises CertificateUnfit.
    """
    certificate = load_certificate(der)
    if not certificate.not_valid_before <= now <= certificate.not_valid_after:
        raise CertificateUnfit(UnfitReason.EXPIRED)
    path = path_of(certificate, context_at(settings, now), holder)
    policies = certificate.certificate_policies_value or ()
    named = {one["policy_identifier"].dotted for one in policies}
    if holder is Holder.OFFICER and settings.policies.isdisjoint(named):
        raise CertificateUnfit(UnfitReason.POLICY)
    return list(path)[::-1]


def check_revocation(
    settings: TrustSettings, certificate: x509.Certificate, now: datetime, holder: Holder, evidence: Evidence
) -> None:
    """Let one pass of which an answer says that it holds. Raises CertificateUnfit, RevocationUnknown."""
    try:
        path_of(certificate, context_at(settings, now, [evidence], asked=True), holder)
    except CertificateUnfit as unfit:
        if unfit.reason is UnfitReason.REVOKED:
            raise
        raise RevocationUnknown from None  # all else was found right before


def path_of(certificate: x509.Certificate, context: ValidationContext, holder: Holder) -> ValidationPath:
    """The way from a pinned root to a certificate that may be used as its holder does. Raises CertificateUnfit."""
    validator = CertificateValidator(certificate, validation_context=context)
    extended = {"time_stamping"} if holder is Holder.STAMPER else set()
    usage = {"digital_signature", "non_repudiation"} if holder is Holder.OFFICER else {"digital_signature"}
    try:
        checking = validator.async_validate_usage(usage, extended, holder is not Holder.STAMPER)  # type: ignore[no-untyped-call]
        found: ValidationPath = asyncio.run(checking)
    except RevokedError:
        raise CertificateUnfit(UnfitReason.REVOKED) from None
    except (ExpiredError, NotYetValidError):
        raise CertificateUnfit(UnfitReason.EXPIRED) from None
    except InvalidCertificateError:
        raise CertificateUnfit(UnfitReason.PURPOSE) from None
    except (PathBuildingError, PathError, ValidationError):
        raise CertificateUnfit(UnfitReason.CHAIN) from None
    return found
