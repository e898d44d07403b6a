"""The calls of certifying authorities in the fault matrix."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from domain.kernel import Source
from integrations import trust_services
from integrations.trust_services import TrustServices, TrustSettings
from integrations.trust_services.wire import load_certificate, ocsp_request
from tests.faults.base import Adapter
from tests.faults.site import Line, Site

HOST = "authority"
"""By which the breaker of its calls is named; they go to the site."""
_SIGNED = {
    "signature": "its signature is examined with the certificate that it is about, after the call",
    "token": "nobody has to sign in there",
    "parts": "one answer, no list of parts",
    "pages": "one answer, no pages",
    "owner": "an answer about another certificate does not decide, which is examined after the call",
}


class Ocsp(Adapter):
    """Whether a certificate was revoked, by OCSP."""

    name, system, source = "trust_services.ocsp", "trust_services", Source.TRUST_SERVICES
    policies = (trust_services.client.OCSP,)
    tells: ClassVar[frozenset[str]] = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = _SIGNED

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.settings = TrustSettings.from_onboarding(site.onboarding)

    async def prepare(self) -> None:
        """A token, whose certificate is asked about."""
        made = await self.site.city.sandboxes[self.system].act("insert", {"name": "Officer"})
        self.site.pools[self.name] = [made["certificate"]]

    def client(self, line: Line) -> TrustServices:
        return TrustServices(self.settings, {HOST: line.remote}, _Stamps(line))  # type: ignore[arg-type]

    async def ask(self, client: TrustServices, number: int) -> Any:
        del number
        der = base64.b64decode(self.site.pools[self.name][0])
        issuer = load_certificate(self.settings.authorities[1])
        await client.ask_ocsp(ocsp_request(load_certificate(der), issuer), HOST, "/ocsp")
        return "told"


class RevocationList(Ocsp):
    """The list of what an authority revoked."""

    name = "trust_services.crl"
    policies = (trust_services.client.LIST,)

    async def ask(self, client: TrustServices, number: int) -> Any:
        del number
        await client.fetch_list(HOST, "/list.crl")
        return "told"


class TimeStamp(Ocsp):
    """A time stamp."""

    name = "trust_services.timestamp"
    policies = (trust_services.client.STAMP,)

    async def ask(self, client: TrustServices, number: int) -> Any:
        digest = hashlib.sha256(str(number).encode()).digest()
        await client.request_stamp(digest, self.site.city.clock)
        return "stamped"


class _Stamps:
    """The caller of the time stamping authority, which lies under the other address here."""

    def __init__(self, line: Line) -> None:
        self._remote = line.remote

    async def ask(self, policy: Any, method: str, path: str, read: Any, **parts: Any) -> Any:
        return await self._remote.ask(policy, method, f"/timestamps{path}", read, **parts)


TRUST_SERVICES = (Ocsp, RevocationList, TimeStamp)
