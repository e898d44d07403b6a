"""Verifies MeriPehchaan's id_token (docs/contracts/sso.md sections 2.1 and 9, docs/reliability.md section 2).

One algorithm, configured keys only. `jku`, `x5u` and `jwk` of the header are never looked at, and any
`crit` is refused.
"""

import base64
from collections.abc import Callable, Collection, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from domain.kernel import Clock, Source
from domain.kernel.secret_comparison import is_same_secret
from integrations.calling.answers import read_json
from integrations.calling.errors import Garbled, IntegrityFailure

ALGORITHM = "RS256"
LEEWAY_SECONDS = 60
RELOAD_SECONDS = 60.0
_REMEMBERED = 10_000
_REGISTRY = JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)


class IdTokenVerifier:
    """Checks an id_token against the keys and names that onboarding gave us.

    `reload` reads the configured key set again, so that a key which the provider took into use and handed
    over counts without a restart.
    """

    def __init__(
        self,
        jwks: Mapping[str, Any],
        *,
        audience: str,
        issuers: Collection[str],
        clock: Clock,
        reload: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self._keys = _rsa_keys(jwks)
        if not self._keys:
            raise ValueError("the key set of MeriPehchaan holds no RSA key")
        self._reload = reload
        self._reloaded_at = clock.monotonic() - RELOAD_SECONDS
        self._audience = audience
        self._issuers = list(issuers)
        self._clock = clock
        self._seen: dict[str, float] = {}

    def verify(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of a token that holds; raises IntegrityFailure with a word for what does not.

        `nonce` is compared only where the token carries one, because the provider does not document it.
        A `jti` is accepted once in the life of the process; the single-use code guards beyond that.
        """
        key = self._key_of(_header(token))
        try:
            claims = jwt.decode(token, key, registry=_REGISTRY).claims
        except (JoseError, ValueError) as error:
            raise IntegrityFailure(Source.SSO, "id_token_signature") from error
        self._check_claims(claims)
        self._check_nonce(claims, nonce)
        self._check_replay(claims)
        return claims

    def _key_of(self, header: Mapping[str, Any]) -> RSAKey:
        if header.get("alg") != ALGORITHM:
            raise IntegrityFailure(Source.SSO, "id_token_algorithm")
        if "crit" in header or "b64" in header:
            raise IntegrityFailure(Source.SSO, "id_token_crit")
        key_id = str(header.get("kid"))
        if key_id not in self._keys:
            self._read_again()
        key = self._keys.get(key_id)
        if key is None:
            raise IntegrityFailure(Source.SSO, "id_token_kid")
        return key

    def _read_again(self) -> None:
        """Read the configured keys once more for an unknown `kid`, at most once a minute."""
        now = self._clock.monotonic()
        if self._reload is not None and now - self._reloaded_at >= RELOAD_SECONDS:
            self._reloaded_at = now
            self._keys = _rsa_keys(self._reload()) or self._keys

    def _check_claims(self, claims: dict[str, Any]) -> None:
        registry = jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "values": self._issuers},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise IntegrityFailure(Source.SSO, "id_token_claims") from error
        if claims.get("aud") not in (self._audience, [self._audience]):
            raise IntegrityFailure(Source.SSO, "id_token_audience")

    @staticmethod
    def _check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
        given = claims.get("nonce")
        if given is not None and not is_same_secret(str(given), nonce):
            raise IntegrityFailure(Source.SSO, "id_token_nonce")

    def _check_replay(self, claims: Mapping[str, Any]) -> None:
        token_id = claims.get("jti")
        if not isinstance(token_id, str):
            return
        now = self._clock.now().timestamp()
        if self._seen.get(token_id, 0) > now:
            raise IntegrityFailure(Source.SSO, "id_token_replayed")
        if len(self._seen) >= _REMEMBERED:
            self._seen = {seen: until for seen, until in self._seen.items() if until > now}
            while len(self._seen) >= _REMEMBERED:
                self._seen.pop(next(iter(self._seen)))
        self._seen[token_id] = float(claims["exp"]) + LEEWAY_SECONDS


def _rsa_keys(jwks: Mapping[str, Any]) -> dict[str, RSAKey]:
    return {str(key["kid"]): RSAKey.import_key(dict(key)) for key in jwks["keys"] if key.get("kty") == "RSA"}


def _header(token: str) -> dict[str, Any]:
    try:
        encoded = token.split(".", maxsplit=1)[0]
        header = read_json(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError as error:
        raise Garbled(Source.SSO, "id_token_shape") from error
    if not isinstance(header, dict) or token.count(".") != 2:
        raise Garbled(Source.SSO, "id_token_shape")
    return header
