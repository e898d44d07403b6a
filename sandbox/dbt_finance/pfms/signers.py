"""The certificates accepted by the PFMS sandbox: that of the onboarding, and those enrolled since."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.dbt_finance.pfms.post import Desk


class Signers:
    """The enrolment of signers, which outlives the sandbox's process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def enrol(self, certificate: str, code: str | None) -> str:
        """Enrol a certificate, or decline it with a code; gives its fingerprint. Raises ValueError for what is none."""
        fingerprint = x509.load_pem_x509_certificate(certificate.encode()).fingerprint(SHA256()).hex()
        known = {**self._enrolments(), fingerprint: {"certificate": certificate, "code": code}}
        self._desk.home.state.put("signers", "enrolled", known)
        return fingerprint

    def accepted_certificates(self) -> tuple[str, ...]:
        """The certificates that may sign, as PEM; the first one, unless it was declined since."""
        known, first = self._enrolments(), str(self._desk.client["signing_certificate"])
        others = [str(each["certificate"]) for each in known.values() if each["code"] is None]
        declined = {str(each["certificate"]) for each in known.values() if each["code"] is not None}
        return tuple(dict.fromkeys(each for each in (first, *others) if each not in declined))

    def _enrolments(self) -> dict[str, Any]:
        return self._desk.home.state.get("signers", "enrolled") or {}
