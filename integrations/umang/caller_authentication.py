"""Authenticates UMANG's calls further: signature over the raw bytes, the user's assertion, and its rate.

INFERRED, all of it, in the form that docs/contracts/umang.md section 5 proposes.
"""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from domain.kernel import IST, Clock
from domain.kernel.secret_comparison import is_any_secret
from integrations.calling.request_counters import RequestCounters
from integrations.umang.door_models import ASSERTION_SECONDS, SKEW_SECONDS, UmangEndpointSettings, UserAssertion

_REGISTRY = JWSRegistry(algorithms=["RS256"])
_LONGEST = 4096
_SIGNATURE = re.compile(r"t=(?P<t>[0-9]{1,12}),v1=(?P<v1>[0-9a-f]{64})")
_MOBILE = re.compile(r"[6-9][0-9]{9}")
_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,100}")
_LEEWAY_SECONDS = 60
_DAY_SECONDS = 86_400.0


class NotAuthentic(Exception):
    """A signature or assertion that does not hold. The word says which check failed, for the log alone."""


class Authenticity:
    """Checks signatures and assertions by the keys of the settings."""

    def __init__(self, settings: UmangEndpointSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._keys = {kid: RSAKey.import_key(pem) for kid, pem in settings.user_keys.items()}

    def check_signature(self, header: str | None, body: bytes) -> None:
        """Check `x-umang-signature` over the raw bytes. Raises NotAuthentic."""
        match = _SIGNATURE.fullmatch(header or "")
        if match is None:
            raise NotAuthentic("signature_malformed")
        if not is_any_secret(match["v1"], [_hmac(secret, match["t"], body) for secret in self._settings.secrets]):
            raise NotAuthentic("signature_wrong")
        if abs(int(match["t"]) - self._clock.now().timestamp()) > SKEW_SECONDS:
            raise NotAuthentic("signature_stale")

    def assertion(self, token: str, *, srvid: str | None, longest: int = ASSERTION_SECONDS) -> UserAssertion:
        """The user of an assertion for this service; one for a hand-off names none. Raises NotAuthentic."""
        claims = self._verify_token(token)
        now = self._clock.now().timestamp()
        issued, ends = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(ends, int) or isinstance(issued, bool):
            raise NotAuthentic("assertion_times")
        if ends <= now or issued > now + _LEEWAY_SECONDS or not 0 < ends - issued <= longest:
            raise NotAuthentic("assertion_times")
        if claims.get("aud") != self._settings.audience:
            raise NotAuthentic("assertion_audience")
        named = claims.get("srvid")
        if (None if named is None else str(named)) != srvid:
            raise NotAuthentic("assertion_srvid")
        return _user(claims, ends)

    def _verify_token(self, token: str) -> Mapping[str, Any]:
        if len(token) > _LONGEST:
            raise NotAuthentic("assertion_long")
        try:
            header = jws.extract_compact(token.encode(), registry=_REGISTRY).headers()
            key = self._keys.get(str(header.get("kid")))
            if key is None or header.get("alg") != "RS256":
                raise NotAuthentic("assertion_key")
            claims = json.loads(jws.deserialize_compact(token, key, registry=_REGISTRY).payload)
        except (JoseError, ValueError, RecursionError):
            raise NotAuthentic("assertion_malformed") from None
        if not isinstance(claims, dict):
            raise NotAuthentic("assertion_malformed")
        return claims


class Bucket:
    """A token bucket for bursts and a counter of the day in India (INFERRED, docs/contracts/umang.md section 6)."""

    def __init__(self, settings: UmangEndpointSettings, clock: Clock, tallies: RequestCounters) -> None:
        self._settings = settings
        self._clock = clock
        self._tallies = tallies

    async def wait(self) -> int | None:
        """Count one call: None where it may go on, else the seconds to wait."""
        day = f"umang/{self._clock.now().astimezone(IST).date()}"
        if (await self._tallies.look(day, _DAY_SECONDS)).number >= self._settings.daily:
            return 3600
        wait = await self._tallies.take("umang", self._settings.per_second, self._settings.burst)
        if wait:
            return math.ceil(wait)
        await self._tallies.add(day, _DAY_SECONDS)
        return None


def _user(claims: Mapping[str, Any], ends: int) -> UserAssertion:
    subject, mobile, jti = (claims.get(name) for name in ("sub", "mobile", "jti"))
    if not (isinstance(subject, str) and _NAME.fullmatch(subject)):
        raise NotAuthentic("assertion_subject")
    if not (isinstance(mobile, str) and _MOBILE.fullmatch(mobile)):
        raise NotAuthentic("assertion_mobile")
    if not (isinstance(jti, str) and _NAME.fullmatch(jti)):
        raise NotAuthentic("assertion_jti")
    mpid = claims.get("mpid")
    known = mpid if isinstance(mpid, str) and 0 < len(mpid) <= 200 else None
    return UserAssertion(subject, mobile, known, jti, datetime.fromtimestamp(ends, UTC))


def _hmac(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
