"""Builds the consent artefact of a request for a person's document (docs/contracts/apisetu.md section 5)."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from actions.kernel import Environment
from domain.kernel import Citizen
from domain.kernel.messages import portal_name
from store.database import KeyMissing, Keyrings
from store.documents.department_documents import DepartmentDocument

T = TypeVar("T")

KEYRING = "xml"
"""The RSA key that signs artefacts, until the partner gives one for it."""


class SignatureMissing(Exception):
    """Undoes a transaction that needs a signature, which is made while no transaction is open."""


class Artefacts:
    """The artefacts of one step, each signed before the transaction that keeps it."""

    def __init__(self, env: Environment) -> None:
        self._env, self.begun_at = env, env.clock.now()
        self._ids: dict[str, str] = {}
        self._unsigned: dict[str, Mapping[str, Any]] = {}
        self._signed: dict[str, Mapping[str, Any]] = {}

    def for_documents(
        self, citizen: Citizen, documents: Iterable[DepartmentDocument], until: datetime
    ) -> dict[str, Mapping[str, Any]]:
        """The signed artefact of each document, by its id. Raises SignatureMissing.

        The signature is RS256 over the canonical JSON of `consent`, in Base64 (INFERRED,
        docs/contracts/apisetu.md section 5).
        """
        consents = {one.id: self._consent(citizen, one, until) for one in documents}
        for document_id, consent in consents.items():
            if document_id not in self._signed or self._signed[document_id]["consent"] != consent:
                self._unsigned[document_id] = consent
        if self._unsigned:
            raise SignatureMissing
        return {document_id: self._signed[document_id] for document_id in consents}

    async def sign_missing(self) -> None:
        """Make the signatures that were missing. Raises KeyMissing and HolderFailed."""
        while self._unsigned:
            document_id, consent = self._unsigned.popitem()
            # In a thread: a module or a signer that holds the key may take seconds.
            signature = await asyncio.to_thread(sign, self._env.keyrings, consent)
            self._signed[document_id] = {"consent": consent, "signature": {"signature": signature}}

    def _consent(self, citizen: Citizen, document: DepartmentDocument, until: datetime) -> dict[str, Any]:
        if document.id not in self._ids:
            self._ids[document.id] = self._env.ids.key()
        return {
            "consentId": self._ids[document.id],
            "timestamp": _instant(self.begun_at),
            "dataConsumer": {"id": self._env.rules.issuer_id},
            "dataProvider": {"id": document.publisher},
            "purpose": {"description": f"Certificates of the citizen in {portal_name().en}"},
            "user": {
                "idType": "MOBILE",
                "idNumber": citizen.mobile or "",
                "mobile": citizen.mobile or "",
                "email": citizen.email or "",
            },
            "data": {"id": document.doctype},
            "permission": {
                "access": "VIEWSTORE",
                "dateRange": {"from": _instant(self.begun_at), "to": _instant(until)},
                "frequency": {"unit": "DAY", "value": 1000, "repeats": 1000},
            },
        }


async def with_artefacts(env: Environment, step: Callable[[Artefacts], Awaitable[T]]) -> T:
    """What the step gives, which keeps artefacts in a transaction of its own.

    A slow signer must not hold the writer: the step is undone where a signature is missing, and repeated once it is
    there. Nothing is signed for somebody who may not take the step, since it refuses before. Raises KeyMissing,
    HolderFailed and as the step.
    """
    artefacts = Artefacts(env)
    while True:  # again only where what is signed changed meanwhile
        try:
            return await step(artefacts)
        except SignatureMissing:
            await artefacts.sign_missing()


def sign(keyrings: Keyrings, consent: Mapping[str, Any]) -> str:
    """RS256 over the canonical JSON; raises KeyMissing."""
    key = keyrings.active(KEYRING).get_op_key("sign")
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyMissing("an RSA key is needed to sign consents")
    text = json.dumps(consent, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
