"""The consent artefact of a certificate call (docs/contracts/apisetu.md section 5).

It was recorded and signed when the citizen agreed; here it is checked member by member and sent as it is,
since its signature covers exactly that text.
"""

import base64
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from domain.kernel import Source
from integrations.calling.errors import Refused

Path = tuple[str, ...]

_TEXTS: tuple[Path, ...] = (
    ("dataConsumer", "id"),
    ("dataProvider", "id"),
    ("purpose", "description"),
    ("data", "id"),
    ("permission", "access"),
    ("permission", "frequency", "unit"),
    ("user", "idType"),
    ("user", "idNumber"),
)
_TEXTS_OR_EMPTY: tuple[Path, ...] = (("user", "mobile"), ("user", "email"))
"""The schema asks for a value, but clients in the field send empty texts where there is none."""

_NUMBERS: tuple[Path, ...] = (("permission", "frequency", "value"), ("permission", "frequency", "repeats"))
_INSTANTS: tuple[Path, ...] = (("timestamp",), ("permission", "dateRange", "from"), ("permission", "dateRange", "to"))


def artefact_to_send(artefact: Mapping[str, Any]) -> dict[str, Any]:
    """The artefact with exactly the published members.

    Raises Refused: consent_incomplete where a member is missing or not of its form, consent_altered where
    the recorded text has other members, so that the signature would not cover what is sent, and
    consent_unsigned.
    """
    consent, signature = _normal(artefact.get("consent")), _value_at(artefact, ("signature", "signature"))
    if consent != artefact.get("consent"):
        raise Refused(Source.API_SETU, "consent_altered")
    if not isinstance(signature, str) or not signature:
        raise Refused(Source.API_SETU, "consent_unsigned")
    return {"consent": consent, "signature": {"signature": signature}}


def may_store(artefact: Mapping[str, Any]) -> bool:
    """Whether the consent of a checked artefact allows an answer to be cached."""
    return "STORE" in str(_value_at(artefact, ("consent", "permission", "access"))).upper()


def ends_at(artefact: Mapping[str, Any]) -> datetime:
    """When the consent of a checked artefact ends."""
    return _instant(_value_at(artefact, ("consent", "permission", "dateRange", "to")))


def canonical(consent: Mapping[str, Any]) -> bytes:
    """The text that a signature covers: sorted keys, no spaces, UTF-8.

    Source: docs/contracts/apisetu.md section 5, INFERRED.
    """
    return json.dumps(consent, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def signed_by(artefact: Mapping[str, Any], public_key: str) -> bool:
    """Whether the holder of a PEM key signed the consent of a checked artefact: RS256 in Base64 (INFERRED)."""
    try:
        key = serialization.load_pem_public_key(public_key.encode())
        signature = base64.b64decode(artefact["signature"]["signature"], validate=True)
    except (ValueError, UnsupportedAlgorithm):
        return False
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, canonical(artefact["consent"]), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _normal(given: Any) -> dict[str, Any]:
    consent: dict[str, Any] = {"consentId": _uuid(_value_at(given, ("consentId",)))}
    for path in _TEXTS:
        _put(consent, path, _text(_value_at(given, path)))
    for path in _TEXTS_OR_EMPTY:
        value = _value_at(given, path)
        _put(consent, path, value if value == "" else _text(value))
    for path in _NUMBERS:
        _put(consent, path, _number(_value_at(given, path)))
    for path in _INSTANTS:
        _put(consent, path, _utc(_instant(_value_at(given, path))))
    return consent


def _utc(at: datetime) -> str:
    """UTC with milliseconds, as docs/contracts/apisetu.md section 5 writes instants."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instant(value: Any) -> datetime:
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise _incomplete()
    return parsed


def _value_at(given: Any, path: Path) -> Any:
    for name in path:
        given = given.get(name) if isinstance(given, Mapping) else None
    return given


def _put(consent: dict[str, Any], path: Path, value: Any) -> None:
    for name in path[:-1]:
        consent = consent.setdefault(name, {})
    consent[path[-1]] = value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _incomplete()
    return value


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _incomplete()
    return value


def _uuid(value: Any) -> str:
    try:
        return str(uuid.UUID(value if isinstance(value, str) else ""))
    except ValueError as error:
        raise _incomplete() from error


def _incomplete() -> Refused:
    return Refused(Source.API_SETU, "consent_incomplete")
