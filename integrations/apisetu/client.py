"""API Setu as consumer: certificates of other departments, with the citizen's recorded consent."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.kernel import Clock, Sourced
from integrations.apisetu import consent, wire
from integrations.apisetu.holds import KEY, Holds
from integrations.apisetu.models import (
    ApiSetuSettings,
    CertificateRequest,
    DepartmentCertificate,
    DepartmentFile,
    PublisherSettings,
)
from integrations.calling.errors import NotLetIn, Refused, Unavailable
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import JSON_TYPES, XML_TYPES, Bulkhead, CallPolicy
from integrations.calling.remote import Answer, Codec, Remote

_ACCEPTS = frozenset({wire.PDF}) | XML_TYPES | JSON_TYPES
"""The document, or an error in JSON, which may come with a 200 (docs/contracts/apisetu.md section 11)."""

_LANE = Bulkhead(places_of_group=8)
"""One publisher that is slow leaves places for the others."""

FETCH = CallPolicy(
    "apisetu.certificate_not_kept",
    wire.SOURCE,
    retry_statuses=frozenset({429}),
    body_limit=10_000_000,
    breaker="<publisher>",
    lane=_LANE,
    accepts=_ACCEPTS,
)
"""A consent that allows a view only: nothing is cached."""
FETCH_KEPT = replace(FETCH, name="apisetu.certificate", fresh=600, revalidate=3000, stale=23 * 3600, schema_version=4)
"""An issued certificate seldom changes: for an hour it is served at once while it is asked for again."""

FETCH_DOCUMENT = replace(FETCH, name="apisetu.document", total=8.0, attempt=5.0)
"""The bytes for the citizen herself, asked for anew each time: a signed document is judged as a whole, a PDF by its
beginning, so it is read before the first byte is handed on. Never cached.
"""

NO_MORE = 60.0
"""Seconds reported as Retry-After once a publisher's inner error was met twice: longer than any request waits."""

POLICIES = (FETCH_KEPT, FETCH, FETCH_DOCUMENT)
_CODEC = Codec.by_fields(DepartmentCertificate)


class ApiSetu:
    """Certificate API version 3."""

    def __init__(self, remote: Remote, settings: ApiSetuSettings, clock: Clock) -> None:
        self._remote = remote
        self._settings = settings
        self._clock = clock
        self._holds = Holds(clock)

    async def certificate(self, request: CertificateRequest) -> Sourced[DepartmentCertificate]:
        """The certificate of a department, its XML signature verified where it comes in XML.

        It is cached for up to a day (see FETCH_KEPT), only where the consent includes STORE.
        Raises Refused("record_not_found") where there is none, Refused("consent_expired") without a call,
        NotLetIn where our subscription or key is wrong and Refused with the same code while that is held,
        IntegrityFailure for a wrong signature, document or holder, Unavailable and Garbled.
        """
        asked, publisher, artefact = self._prepare_request(request)
        policy = FETCH_KEPT if consent.may_store(artefact) else FETCH

        async def load() -> DepartmentCertificate:
            return (await self._fetch(policy, asked, publisher, artefact))[0]

        return await self._remote.fetch_cached(policy, _key_of(asked, artefact), load, _CODEC)

    async def document(self, request: CertificateRequest) -> DepartmentFile:
        """The document itself, checked as `certificate` checks it; never cached. Raises the same."""
        asked, publisher, artefact = self._prepare_request(request)
        certificate, answer = await self._fetch(FETCH_DOCUMENT, asked, publisher, artefact)
        return DepartmentFile(certificate, answer.content, answer.at)

    def publishers(self) -> Mapping[str, PublisherSettings]:
        """The publishers that let us in, with their documents."""
        return self._settings.publishers

    def _prepare_request(
        self, request: CertificateRequest
    ) -> tuple[CertificateRequest, PublisherSettings, Mapping[str, Any]]:
        artefact = consent.artefact_to_send(request.consent_artefact)
        if consent.ends_at(artefact) <= self._clock.now():
            raise Refused(wire.SOURCE, "consent_expired")
        publisher = self._settings.publishers.get(request.publisher)
        if publisher is None:
            raise Refused(wire.SOURCE, "publisher_not_configured")
        return wire.as_published(request, publisher), publisher, artefact

    async def _fetch(
        self, policy: CallPolicy, request: CertificateRequest, publisher: PublisherSettings, artefact: Mapping[str, Any]
    ) -> tuple[DepartmentCertificate, Answer]:
        """Ask with the key, and with the coming one where API Setu does not know it; what is held is not asked."""
        place = (request.publisher, request.doctype.upper())
        self._holds.check(place)
        for api_key in self._settings.api_keys:
            try:
                return await self._send(policy, request, publisher, artefact, api_key)
            except Refused as refusal:
                refused = refusal
                if refusal.code != KEY:
                    break
        if wire.is_configuration(refused):
            self._holds.hold(place, refused.code)
            raise NotLetIn(wire.SOURCE, refused.code) from refused
        raise refused

    async def _send(
        self,
        policy: CallPolicy,
        request: CertificateRequest,
        publisher: PublisherSettings,
        artefact: Mapping[str, Any],
        api_key: str,
    ) -> tuple[DepartmentCertificate, Answer]:
        repeated = False

        def read(answer: Answer) -> tuple[DepartmentCertificate, Answer]:
            nonlocal repeated
            try:
                wire.judge(answer)
            except Unavailable as error:
                if repeated and wire.asks_once_more(error):  # a wait that is longer than we have ends the repeats
                    raise Unavailable(wire.SOURCE, error.code, retry_after=NO_MORE) from error
                repeated = repeated or wire.asks_once_more(error)
                raise
            return wire.read_certificate(answer, request, publisher), answer

        return await self._remote.ask(
            policy,
            "POST",
            wire.path_of(request, publisher),
            read,
            headers={
                "X-APISETU-APIKEY": api_key,
                "X-APISETU-CLIENTID": self._settings.client_id,
                "Accept": f"application/{request.format}, application/json",
            },
            json=wire.body_of(request, artefact),
            group=f"publisher:{request.publisher}",
        )


def _key_of(request: CertificateRequest, artefact: Mapping[str, Any]) -> tuple[str, ...]:
    """The cache key of an answer; it begins with the citizen."""
    return (
        request.citizen_id,
        request.publisher,
        request.doctype.upper(),
        request.format,
        json.dumps(dict(request.parameters), sort_keys=True, ensure_ascii=False),
        artefact["consent"]["consentId"],
        *request.holder_names,
    )


async def open_clients(opening: Opening) -> Clients:
    """The client of the marketplace."""
    remote = await opening.remote()
    return {"apisetu": ApiSetu(remote, opening.read_onboarding(ApiSetuSettings.from_onboarding), opening.clock)}
