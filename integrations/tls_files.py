"""The files of the TLS to a system: our certificate where it wants one (mutual TLS), and whom we trust there.

The files are read at the start of a process: a new certificate serves from the next start on.
"""

import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization

SOON = timedelta(days=30)
"""A certificate that expires within this time is reported, so that a new one is enrolled in time."""

log = structlog.get_logger(__name__)


class Unfit(ValueError):
    """A certificate, key or list of authorities that cannot serve; the text says which and why, nothing of a key."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files of PEM texts: our certificate with those between it and its root, its key, and whom we trust alone.

    Without `authorities` the roots that are trusted for every system apply.
    """

    certificate: Path | None = None
    key: Path | None = None
    authorities: Path | None = None

    def context(self, now: datetime, system: str) -> ssl.SSLContext | None:
        """The TLS context of connections to a system; None where the default one serves. Raises Unfit.

        A certificate that has ended serves, so that the time alone keeps no process from starting.
        """
        if self.certificate is None and self.key is None and self.authorities is None:
            return None
        context = self._trust_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is None and self.key is None:
            return context
        if self.certificate is None or self.key is None:
            raise Unfit("a client certificate and its key go together")
        own = self.own_certificate()
        if own is None or not own.not_valid_before_utc <= now:
            raise Unfit("the client certificate is not valid yet")
        if own.not_valid_after_utc <= now:  # everything else goes on; that system refuses us with an alarm
            log.error("client_certificate_ended", system=system, ended_at=own.not_valid_after_utc.isoformat())
        try:
            context.load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:  # what OpenSSL says of a key is an OSError too
            raise Unfit(_trouble_of_key(error)) from None
        return context

    def own_certificate(self) -> x509.Certificate | None:
        """Our certificate, None where we show none. Raises Unfit where it cannot be read."""
        if self.certificate is None:
            return None
        return _certificates(self.certificate, "the client certificate")[0]

    def ends_at(self) -> datetime | None:
        """The last instant of our certificate; None where we show none. Raises Unfit where it cannot be read."""
        own = self.own_certificate()
        return None if own is None else own.not_valid_after_utc

    def _trust_context(self) -> ssl.SSLContext:
        if self.authorities is None:
            return httpx.create_ssl_context(trust_env=False)
        trusted = _certificates(self.authorities, "the file of trusted authorities")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # with nothing trusted but what is named
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what is named need not sign itself
        context.load_verify_locations(cadata=b"".join(each.public_bytes(_DER) for each in trusted))
        return context


_DER = serialization.Encoding.DER


def _certificates(file: Path, what: str) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise Unfit(f"{what} cannot be read ({error.strerror})") from None
    except ValueError:
        raise Unfit(f"{what} holds no certificate") from None
    return found


def _trouble_of_key(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return f"the key of the client certificate cannot be read ({error.strerror})"
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is not that of the client certificate"
    return "the file of the client certificate's key holds no key that can be used"
