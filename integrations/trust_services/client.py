"""Asks authorities whether a certificate holds, and for time stamps."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from asn1crypto import x509

from domain.kernel import Clock, Source
from integrations.calling.answers import Answer, refuse_status
from integrations.calling.errors import Refused, RemoteError, Unavailable
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import Bulkhead, CallPolicy
from integrations.calling.remote import Remote
from integrations.trust_services import wire
from integrations.trust_services.models import (
    CertificateUnfit,
    Checked,
    Evidence,
    Holder,
    Stamp,
    TokenCertificate,
    TrustSettings,
)

OCSP = CallPolicy(
    "trust_services.ocsp",
    Source.TRUST_SERVICES,
    total=8.0,
    attempt=4.0,
    body_limit=100_000,
    breaker="<authority>",
    lane=Bulkhead("ocsp", places=8),
    accepts=frozenset({wire.OCSP_ANSWER}),
)
LIST = CallPolicy(
    "trust_services.crl",
    Source.TRUST_SERVICES,
    total=20.0,
    attempt=10.0,
    body_limit=20_000_000,
    breaker="<authority>",
    lane=Bulkhead("crl", places=2),
    accepts=frozenset({"application/pkix-crl", "application/octet-stream", "application/x-pkcs7-crl"}),
)
STAMP = CallPolicy(
    "trust_services.timestamp",
    Source.TRUST_SERVICES,
    total=20.0,
    attempt=10.0,
    body_limit=100_000,
    breaker="timestamp",
    lane=Bulkhead("timestamp", places=4),
    accepts=frozenset({wire.STAMP_ANSWER}),
)
POLICIES = (OCSP, LIST, STAMP)
CODES = {
    "another status than 200": "Refused or Unavailable, as its number says",
    "an answer that does not decide": "Unavailable: whether the certificate was revoked stays unknown",
    "a stamp of another imprint, nonce or time": "Garbled, and an alarm",
}
"""What the answers of authorities mean to us."""

KEPT_FOR = timedelta(minutes=15)
"""For so long an answer that a certificate holds counts, so that a batch asks once."""


@dataclass(frozen=True, slots=True)
class _Kept:
    result: Checked
    at: datetime


NOWHERE = "nowhere_to_ask"
"""The code of a certificate that names no address below one of the settings': asking later does not help."""

_Ask = Callable[[str, str], Awaitable[Evidence]]


class TrustServices:
    """The authorities of an installation. A certificate names where it is to be asked about: nothing else is called."""

    def __init__(self, settings: TrustSettings, hosts: Mapping[str, Remote], timestamps: Remote | None) -> None:
        self.settings = settings
        self._hosts, self._timestamps = hosts, timestamps
        self._kept: dict[bytes, _Kept] = {}

    @property
    def stamps(self) -> bool:
        """Whether a time stamping authority is connected."""
        return self._timestamps is not None

    def describe(self, der: bytes) -> TokenCertificate:
        """What a certificate says of itself. Raises CertificateUnfit."""
        return wire.describe(der)

    async def examine(self, der: bytes, now: datetime) -> None:
        """Check everything but revocation of an officer's certificate. Raises CertificateUnfit."""
        await self._path(der, now, Holder.OFFICER)

    async def check(self, der: bytes, now: datetime, holder: Holder = Holder.OFFICER) -> Checked:
        """Check chain, class, purpose, validity, and revocation by OCSP, else by a list.

        Raises CertificateUnfit, and RemoteError where no answer tells whether it was revoked.
        """
        kept = self._kept.get(der)
        certificate, *above = await self._path(der, now, holder)
        if kept is not None and timedelta(0) <= now - kept.at < KEPT_FOR:
            return kept.result
        evidence = await self._evidence(certificate, above[0], now, holder)
        checked = Checked(tuple(one.dump() for one in above), evidence)
        fresh = {key: one for key, one in self._kept.items() if now - one.at < KEPT_FOR}
        self._kept = fresh | {der: _Kept(checked, now)}
        return checked

    async def stamp(self, digest: bytes, clock: Clock) -> Stamp:
        """A time stamp over a SHA-256, by an authority that holds. Raises RemoteError."""
        token, signer = await self.request_stamp(digest, clock)
        try:
            checked = await self.check(signer, clock.now(), Holder.STAMPER)
        except CertificateUnfit as unfit:
            raise Refused(Source.TRUST_SERVICES, f"stamper_{unfit.reason.value.lower()}") from None
        return Stamp(token, checked.evidence)

    async def request_stamp(self, digest: bytes, clock: Clock) -> tuple[bytes, bytes]:
        """A time stamp and the certificate of who signed it, which is not examined yet. Raises RemoteError."""
        if self._timestamps is None:
            raise Refused(Source.TRUST_SERVICES, "not_connected")
        query, nonce = wire.stamp_query(digest)

        def read(answer: Answer) -> tuple[bytes, bytes]:
            refuse_status(Source.TRUST_SERVICES, answer)
            return wire.read_stamp(answer.content, digest, nonce, clock.now())

        headers = {"Content-Type": wire.STAMP_QUERY}
        return await self._timestamps.ask(STAMP, "POST", "", read, content=query, headers=headers)

    async def _path(self, der: bytes, now: datetime, holder: Holder) -> list[x509.Certificate]:
        from integrations.trust_services.certificates import check_certificate

        return await asyncio.to_thread(check_certificate, self.settings, der, now, holder)

    async def _evidence(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, holder: Holder
    ) -> Evidence:
        """The first answer that says that it holds, by OCSP, else by a list; raises as `check`."""
        from integrations.trust_services.certificates import RevocationUnknown, check_revocation

        last: RemoteError = Unavailable(Source.TRUST_SERVICES, NOWHERE)
        question = wire.ocsp_request(certificate, issuer)
        by_ocsp: _Ask = partial(self.ask_ocsp, question)
        asked = [(by_ocsp, place) for place in self._places(certificate.ocsp_urls)]
        asked += [(self.fetch_list, place) for place in self._places(_list_urls(certificate))]
        for ask, (host, path) in asked:
            try:
                found = await ask(host, path)
                await asyncio.to_thread(check_revocation, self.settings, certificate, now, holder, found)
            except RevocationUnknown:
                last = Unavailable(Source.TRUST_SERVICES, "undecided")
            except RemoteError as error:
                last = error
            else:
                return found
        raise last

    def _places(self, addresses: Iterable[str]) -> list[tuple[str, str]]:
        """The hosts of the settings under which the addresses lie, with their paths; any other is not asked."""
        return [
            (host, address.removeprefix(host))
            for address in addresses
            for host in self._hosts
            if address == host or address.startswith(f"{host}/")
        ]

    async def ask_ocsp(self, question: bytes, host: str, path: str) -> Evidence:
        """The answer of a responder below one of the hosts, not examined yet. Raises RemoteError."""

        def read(answer: Answer) -> Evidence:
            refuse_status(Source.TRUST_SERVICES, answer)
            return Evidence("OCSP", wire.read_ocsp(answer.content))

        headers = {"Content-Type": wire.OCSP_REQUEST}
        return await self._hosts[host].ask(OCSP, "POST", path, read, content=question, headers=headers, group=host)

    async def fetch_list(self, host: str, path: str) -> Evidence:
        """The list below one of the hosts, not examined yet. Raises RemoteError."""

        def read(answer: Answer) -> Evidence:
            refuse_status(Source.TRUST_SERVICES, answer)
            return Evidence("CRL", wire.read_list(answer.content))

        return await self._hosts[host].ask(LIST, "GET", path, read, group=host)


def _list_urls(certificate: x509.Certificate) -> list[str]:
    found = (point.url for point in certificate.crl_distribution_points)
    return [url for url in found if url]


async def open_clients(opening: Opening) -> Clients:
    """The authorities of the settings."""
    settings = opening.read_onboarding(TrustSettings.from_onboarding)
    hosts = {host: await opening.remote(host) for host in settings.hosts}
    stamps = await opening.remote(settings.timestamps) if settings.timestamps else None
    return {"trust_services": TrustServices(settings, hosts, stamps)}
