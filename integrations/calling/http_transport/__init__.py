"""Our own httpx transport: HTTP/1.1 on asyncio and httptools, with persistent connections for each origin.

httpx's default transport scans its whole pool for each queued request and tries a failing import for each
lock (ADR 0006). This one is behind the same public interface, httpx.AsyncBaseTransport, so that
respx, MockTransport and every feature of httpx.AsyncClient work with either.
"""

from integrations.calling.http_transport.pool import Limits
from integrations.calling.http_transport.transport import CertificateRefused, OwnTransport, ServerNotTrusted

__all__ = ["CertificateRefused", "Limits", "OwnTransport", "ServerNotTrusted"]
