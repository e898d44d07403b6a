"""Parichay and Jan Parichay on the wire, variant B: the proxy that NIC supplies (docs/contracts/sso.md section 4).

The proxy runs beside the gateway and holds the keys; no key of the provider ever reaches us.
"""

import json
from typing import Any
from urllib.parse import quote, urlencode

from domain.kernel import Assurance, Provider, Source
from integrations.calling.errors import Garbled, Refused, Unavailable
from integrations.calling.remote import Answer
from integrations.identity import ProviderIdentity, json_object, mobile_of, text_of
from integrations.sso.wire_parichay import GENDERS, citizen_subject, official_subject

HMAC_PATH, ENCRYPTION_PATH, DECRYPTION_PATH = "/hmac", "/encryption", "/decryption"
HANDSHAKE_PATH, VALID_PATH, SIGN_OUT_PATH = "/handshake", "/isTokenValid", "/logoutAll"
LOGIN_PATH = "/pnv1/api/login"

SESSION_IDS = ("userName", "sessionId", "browserId", "localTokenId")
"""What a session is known by at the provider; the four are kept with ours, sealed."""

_SUCCESS = "success"
_LONGEST_HANDSHAKE = 500


def signed_text(milliseconds: int, base: str, service: str) -> str:
    """What the proxy signs for the login page: parts without a separator, one slash between base and path."""
    return f"Parichay{milliseconds}{base}{LOGIN_PATH}{service}"


def login_url(base: str, *, service: str, milliseconds: int, signature: str, session: str, language: str) -> str:
    """The login page for a browser; base64 in the query is encoded, which public clients forget."""
    query = {"sid": service, "tid": str(milliseconds), "cs": signature, "string": session, "lang": language}
    return f"{base}{LOGIN_PATH}?{urlencode(query, quote_via=quote)}"


def handshake_path(handshake: str, service: str) -> str:
    """The path that tells whose handshake it is, good once. Raises Refused for what is none, such as `..`."""
    if not handshake.strip(".") or len(handshake) > _LONGEST_HANDSHAKE:
        raise Refused(Source.SSO, "handshake_failed")
    return f"{HANDSHAKE_PATH}/{quote(handshake, safe='')}/{quote(service, safe='')}"


def session_query(session_token: str, service: str) -> dict[str, str]:
    """The query of the two calls about a session. Raises Refused for the token of a session by variant A."""
    try:
        known = json.loads(session_token)
    except ValueError:
        raise Refused(Source.SSO, "other_variant") from None
    return {name: str(known[name]) for name in SESSION_IDS} | {"service": service}


def read_signature(answer: Answer) -> str:
    """`data.signature` of an answer of the proxy."""
    signature = text_of(_data(answer), "signature")
    if signature is None:
        raise Garbled(Source.SSO, "proxy_answer")
    return signature


def read_handshake(answer: Answer) -> str:
    """The sealed user of a handshake, in plain text; an empty one is a handshake that failed."""
    _check_status(answer)
    text = answer.content.decode("utf-8", "replace").strip()
    if "html" in answer.media_type or len(text) > 20_000:
        raise Garbled(Source.SSO, "handshake_answer")
    if not text:
        raise Refused(Source.SSO, "handshake_failed")
    return text


def read_identity(answer: Answer, provider: Provider, subject_field: str | None) -> ProviderIdentity:
    """The person of a decrypted handshake, keyed as variant A keys her where the proxy names no durable id.

    A status that is not success refuses, whatever stands beside it: public clients go on then.
    """
    user = _data(answer).get("signature")
    if not isinstance(user, dict):
        raise Garbled(Source.SSO, "user_answer")
    name = text_of(user, "fullName", "firstName") or ""
    email, mobile = text_of(user, "email"), mobile_of(text_of(user, "mobile", "mobileNo", "userName"))
    official = provider is Provider.PARICHAY
    if official:
        subject = official_subject(email)
        subject = text_of(user, subject_field) if subject and subject_field else subject
    else:
        subject = text_of(user, "user_id") or citizen_subject(mobile, name)
    ids = {one: text_of(user, one) for one in SESSION_IDS}
    if subject is None or None in ids.values():
        raise Garbled(Source.SSO, "user_answer")
    return ProviderIdentity(
        provider=provider,
        subject=subject,
        name=name,
        born_on=None,
        gender=GENDERS.get(str(user.get("gender", "")).strip().lower()),
        mobile=mobile,
        email=email.lower() if email and official else email,
        assurance=Assurance.SUBSTANTIAL if official else Assurance.LOW,
        session_token=json.dumps(ids),
    )


def read_validity(answer: Answer) -> bool:
    """Whether a session holds: `success`, and no other word, says that it does."""
    _check_status(answer)
    return _is_success(json_object(Source.SSO, answer))


def _data(answer: Answer) -> dict[str, Any]:
    _check_status(answer)
    body = json_object(Source.SSO, answer)
    if not _is_success(body):
        raise Refused(Source.SSO, "proxy_refused")
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _is_success(body: dict[str, Any]) -> bool:
    status = text_of(body, "status")
    if status is None:
        raise Garbled(Source.SSO, "proxy_answer")
    return status.lower() == _SUCCESS


def _check_status(answer: Answer) -> None:
    if answer.status >= 500:
        raise Unavailable(Source.SSO, f"http_{answer.status}")
    if answer.status >= 400:
        raise Refused(Source.SSO, f"http_{answer.status}")
    if answer.status != 200:
        raise Garbled(Source.SSO, f"http_{answer.status}")
