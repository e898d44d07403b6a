"""Calls that certainly never arrived: no connection was made, or TLS ended it before anything was taken in."""

import httpx

from domain.sources import Source
from integrations.errors import Unavailable
from integrations.http_transport import CertificateRefused, ServerNotTrusted
from integrations.monitor import SourceMonitor

CERTIFICATE_REFUSED = "certificate_refused"


class NeverSent(Unavailable):
    """The connection was not made, so nothing can have happened at the other side."""


class CertificateNotTaken(NeverSent):
    """The system does not take our certificate, or wants one: asking again helps nothing, somebody must look."""


def never_sent(
    source: Source, error: httpx.ConnectError | httpx.ConnectTimeout, call: str, monitor: SourceMonitor
) -> NeverSent:
    """What a connection that failed means; that our certificate is not taken raises the alarm too."""
    if isinstance(error, CertificateRefused):
        monitor.not_let_in(source, call, CERTIFICATE_REFUSED)
        return CertificateNotTaken(source, CERTIFICATE_REFUSED)
    if isinstance(error, ServerNotTrusted):
        return NeverSent(source, "server_not_trusted")
    return NeverSent(source, "connection_failed")
