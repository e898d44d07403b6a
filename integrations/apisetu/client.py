"""API Setu as consumer: certificates of other departments, with the citizen's recorded consent."""

import json
from collections.abc import Mapping
from typing import Any

from domain.clock import Clock
from domain.sources import Sourced
from integrations.apisetu import consent, wire
from integrations.apisetu.models import ApiSetuSettings, CertificateRequest, DepartmentCertificate
from integrations.errors import Refused
from integrations.policies import JSON_TYPES, XML_TYPES, CallPolicy, Lane
from integrations.remote import Answer, Codec, Remote

_ACCEPTS = frozenset({wire.PDF}) | XML_TYPES | JSON_TYPES
"""The document, or an error in JSON, which may come with a 200 (contracts/apisetu.md section 11)."""

_LANE = Lane(places_of_group=8)
"""One publisher that is slow leaves places for the others."""

FETCH_KEPT = CallPolicy(
    "apisetu.certificate",
    wire.SOURCE,
    retry_statuses=frozenset({429}),
    body_limit=10_000_000,
    fresh=600,
    revalidate=3000,
    stale=23 * 3600,
    breaker="<publisher>",
    lane=_LANE,
    accepts=_ACCEPTS,
)
"""An issued certificate seldom changes: for an hour it is served at once while it is asked for again."""
FETCH = CallPolicy(
    "apisetu.certificate_not_kept",
    wire.SOURCE,
    retry_statuses=frozenset({429}),
    body_limit=10_000_000,
    breaker="<publisher>",
    lane=_LANE,
    accepts=_ACCEPTS,
)
"""A consent that allows a view only: nothing is kept."""

POLICIES = (FETCH_KEPT, FETCH)
_CODEC = Codec(wire.to_json, wire.from_json)


class ApiSetu:
    """Certificate API version 3."""

    def __init__(self, remote: Remote, settings: ApiSetuSettings, clock: Clock) -> None:
        self._remote = remote
        self._settings = settings
        self._clock = clock

    async def certificate(self, request: CertificateRequest) -> Sourced[DepartmentCertificate]:
        """The certificate of a department, its XML signature verified.

        It is kept for up to a day (see FETCH_KEPT), only where the consent includes STORE.
        Raises Refused("record_not_found") where there is none, Refused("consent_expired") without a call,
        IntegrityFailure for a wrong signature, document or holder, Unavailable and Garbled.
        """
        artefact = consent.artefact_to_send(request.consent_artefact)
        if consent.ends_at(artefact) <= self._clock.now():
            raise Refused(wire.SOURCE, "consent_expired")
        policy = FETCH_KEPT if consent.may_store(artefact) else FETCH

        async def load() -> DepartmentCertificate:
            return await self._fetch(policy, request, artefact)

        parameters = json.dumps(dict(request.parameters), sort_keys=True, ensure_ascii=False)
        key = (
            request.citizen_id,
            request.publisher,
            request.doctype.upper(),
            request.format,
            parameters,
            artefact["consent"]["consentId"],
            *request.holder_names,
        )
        return await self._remote.kept(policy, key, load, _CODEC)

    async def _fetch(
        self, policy: CallPolicy, request: CertificateRequest, artefact: Mapping[str, Any]
    ) -> DepartmentCertificate:
        publisher = self._settings.publishers.get(request.publisher)
        if publisher is None or request.format not in wire.MEDIA_TYPES:
            raise Refused(wire.SOURCE, "publisher_not_configured" if publisher is None else "invalid_format")
        read: list[DepartmentCertificate] = []

        def judge(answer: Answer) -> None:
            wire.judge(answer)
            read.append(wire.read_certificate(answer, request, publisher))

        await self._remote.send(
            policy,
            "POST",
            wire.path_of(request, publisher),
            headers={
                "X-APISETU-APIKEY": self._settings.api_key,
                "X-APISETU-CLIENTID": self._settings.client_id,
                "Accept": f"application/{request.format}, application/json",
            },
            json=wire.body_of(request, artefact),
            group=f"publisher:{request.publisher}",
            judge=judge,
        )
        return read[-1]
