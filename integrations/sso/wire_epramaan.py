"""e-Pramaan on the wire (docs/contracts/sso.md section 5).

The answer of the token call is a JWE under a key that follows from the nonce of the sign-in, around a JWS of
e-Pramaan's: the nonce is what proves that the answer is fresh and ours, since the claims name neither issuer, nor
audience, nor nonce.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey, RSAKey
from joserfc.jws import JWSRegistry

from domain.kernel import Assurance, Provider, Source
from integrations.calling.answers import read_as, read_object
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, Unavailable
from integrations.calling.remote import Answer
from integrations.identity import ProviderIdentity, day_of, mobile_of, text_of

AUTHORIZE_PATH = "/openid/jwt/processJwtAuthGrantRequest.do"
TOKEN_PATH = "/openid/jwt/processJwtTokenRequest.do"  # noqa: S105 - a path
SIGN_OUT_PATH = "/openid/jwt/processOIDCSLORequest.do"

SCOPE = "openid"
ISSUER = "ePramaan"
LEEWAY_SECONDS = 60

_ENCRYPTION = JWERegistry(algorithms=["A256KW", "A256GCM"], strict_check_header=False)
_SIGNATURE = JWSRegistry(algorithms=["RS256"], strict_check_header=False)
_LONGEST = 20_000
_SENTENCE = re.compile(r"[A-Z][A-Za-z0-9 ,.:'-]{3,200}")
_YES = "true"


def authorize_query(*, url: str, client_id: str, aes_key: str, asked: Mapping[str, str]) -> str:
    """The query of the login page at `url`; `asked` are redirect_uri, state, nonce and code_challenge."""
    signed = (client_id, aes_key, asked["state"], asked["nonce"], asked["redirect_uri"], SCOPE, asked["code_challenge"])
    return urlencode(
        {
            "scope": SCOPE,
            "response_type": "code",
            "redirect_uri": asked["redirect_uri"],
            "state": asked["state"],
            "code_challenge_method": "S256",
            "nonce": asked["nonce"],
            "client_id": client_id,
            "code_challenge": asked["code_challenge"],
            "request_uri": url,
            "apiHmac": _hmac(aes_key, "".join(signed)),
        }
    )


def token_request(
    *, url: str, client_id: str, code: str, code_verifier: str, redirect_uri: str
) -> dict[str, list[str]]:
    """The body of the token call at `url`: every value is an array."""
    return {
        "code": [code],
        "grant_type": ["authorization_code"],
        "scope": [SCOPE],
        "redirect_uri": [redirect_uri],
        "request_uri": [url],
        "code_verifier": [code_verifier],
        "client_id": [client_id],
    }


def sign_out_data(*, client_id: str, session: Mapping[str, str], request_id: str, redirect_url: str) -> str:
    """The field `data` of the form that ends a session at e-Pramaan; `session` is what `read_identity` kept of it."""
    signed = (client_id, session["session_id"], ISSUER, request_id, session["sub"], redirect_url)
    return json.dumps(
        {
            "clientId": client_id,
            "sessionId": session["session_id"],
            "hmac": _hmac(request_id, "".join(signed)),
            "iss": ISSUER,
            "logoutRequestId": request_id,
            "sub": session["sub"],
            "redirectUrl": redirect_url,
            "customParameter": "",
        }
    )


def token_of(answer: Answer) -> str:
    """The JWE of a token answer. An error comes as a sentence with status 200, and is a refusal."""
    if answer.status >= 500:
        raise Unavailable(Source.SSO, f"http_{answer.status}")
    if answer.status != 200:
        raise Refused(Source.SSO, f"http_{answer.status}")
    text = answer.content.decode("ascii", "replace").strip() if len(answer.content) <= _LONGEST else ""
    if text.count(".") == 4 and " " not in text:
        return text
    if _SENTENCE.fullmatch(text):
        raise Refused(Source.SSO, "no_token")
    raise Garbled(Source.SSO, "token_answer")


def claims_of(token: str, nonce: str, key: RSAKey, now: datetime) -> dict[str, Any]:
    """The claims of a JWE that is ours and that e-Pramaan signed; raises IntegrityFailure for any other."""
    content_key = OctKey.import_key(hashlib.sha256(nonce.encode()).digest())
    try:
        signed = jwe.decrypt_compact(token, content_key, registry=_ENCRYPTION).plaintext
        payload = jws.deserialize_compact(signed or b"", key, registry=_SIGNATURE).payload
    except (JoseError, ValueError) as error:
        raise IntegrityFailure(Source.SSO, "epramaan_token") from error
    claims = read_as(Source.SSO, read_object, payload)
    expires, issued, seconds = claims.get("exp"), claims.get("iat"), now.timestamp()
    if not isinstance(expires, int) or expires < seconds - LEEWAY_SECONDS:
        raise IntegrityFailure(Source.SSO, "epramaan_expired")
    if not isinstance(issued, int) or issued > seconds + LEEWAY_SECONDS:
        raise IntegrityFailure(Source.SSO, "epramaan_not_yet")
    return claims


def read_identity(claims: dict[str, Any]) -> ProviderIdentity:
    """The person of the claims; raises Garbled without a durable key.

    Password and one-time code together are SUBSTANTIAL, one of them alone is LOW.
    """
    subject, session_id = text_of(claims, "sub"), text_of(claims, "session_id", "jti")
    if subject is None:
        raise Garbled(Source.SSO, "no_sub")
    both = claims.get("pwd_auth_status") == _YES and claims.get("sotp_auth_status") == _YES
    gender = text_of(claims, "gender")
    return ProviderIdentity(
        provider=Provider.E_PRAMAAN,
        subject=subject,
        name=text_of(claims, "name") or "",
        born_on=day_of(text_of(claims, "dob"), "%d/%m/%Y"),
        gender=gender if gender in ("M", "F", "T") else None,
        mobile=mobile_of(text_of(claims, "mobile_number")),
        email=text_of(claims, "email"),
        assurance=Assurance.SUBSTANTIAL if both else Assurance.LOW,
        session_token=json.dumps({"session_id": session_id, "sub": subject}) if session_id else None,
    )


def _hmac(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()
