"""The id_token of MeriPehchaan: what holds, and every way in which it does not."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from domain.kernel import ManualClock
from integrations.calling.errors import Garbled, IntegrityFailure
from integrations.sso.id_token import IdTokenVerifier

CLIENT = "client-1"
ISSUER = "https://api.digitallocker.gov.in"
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
OTHER = RSAKey.generate_key(2048, {"kid": "k1"})
JWKS = {"keys": [KEY.as_dict(private=False)]}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def verifier(clock) -> IdTokenVerifier:
    return IdTokenVerifier(JWKS, audience=CLIENT, issuers=(ISSUER,), clock=clock)


def claims(**changes: object) -> dict[str, object]:
    at = int(NOW.timestamp())
    every = {
        "iss": ISSUER,
        "sub": "asha.dl",
        "aud": CLIENT,
        "iat": at,
        "exp": at + 86_400,
        "jti": "token-1",
        "user_sso_id": "DL-1",
        "given_name": "Asha Negi",
        **changes,
    }
    return {name: value for name, value in every.items() if value is not None}


def signed(body: dict[str, object] | None = None, key: RSAKey = KEY, **header: object) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k1", **header}, body or claims(), key)


def forged(header: dict[str, object], body: dict[str, object]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, body)]
    return ".".join([*parts, ""])


def refusal(verifier: IdTokenVerifier, token: str, nonce: str = "n1") -> str:
    with pytest.raises(IntegrityFailure) as caught:
        verifier.verify(token, nonce)
    return caught.value.code


def test_a_token_of_the_provider_for_us_is_read(verifier):
    assert verifier.verify(signed(), "n1")["user_sso_id"] == "DL-1"


def test_a_token_for_another_client_is_refused(verifier):
    assert refusal(verifier, signed(claims(aud="client-2"))) == "id_token_audience"


@pytest.mark.parametrize("audience", [[CLIENT, "client-2"], None, "", 7])
def test_only_we_alone_may_be_the_audience(verifier, audience):
    assert refusal(verifier, signed(claims(aud=audience))) in {"id_token_audience", "id_token_claims"}


@pytest.mark.parametrize("issuer", ["https://evil.example", None, ISSUER + "/"])
def test_a_token_of_another_issuer_is_refused(verifier, issuer):
    assert refusal(verifier, signed(claims(iss=issuer))) == "id_token_claims"


def test_a_token_signed_with_another_key_is_refused(verifier):
    assert refusal(verifier, signed(key=OTHER)) == "id_token_signature"


def test_a_changed_token_is_refused(verifier):
    head, body, signature = signed().split(".")
    changed = base64.urlsafe_b64encode(json.dumps(claims(user_sso_id="DL-2")).encode()).decode().rstrip("=")
    assert body != changed
    assert refusal(verifier, f"{head}.{changed}.{signature}") == "id_token_signature"


@pytest.mark.parametrize("algorithm", ["none", "None", "RS384", "PS256", "", None])
def test_any_other_algorithm_is_refused(verifier, algorithm):
    assert refusal(verifier, forged({"alg": algorithm, "kid": "k1"}, claims())) == "id_token_algorithm"


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(verifier):
    head, body, _ = forged({"alg": "HS256", "kid": "k1"}, claims()).split(".")
    mac = hmac.digest(KEY.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    signature = base64.urlsafe_b64encode(mac).decode().rstrip("=")
    assert refusal(verifier, f"{head}.{body}.{signature}") == "id_token_algorithm"


@pytest.mark.parametrize("header", [{"kid": "k2"}, {"kid": None}])
def test_an_unknown_key_is_refused(verifier, header):
    token = forged({"alg": "RS256", **header}, claims())
    assert refusal(verifier, token) == "id_token_kid"


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": True}])
def test_any_critical_header_is_refused(verifier, header):
    assert refusal(verifier, forged({"alg": "RS256", "kid": "k1", **header}, claims())) == "id_token_crit"


def test_keys_that_a_token_brings_along_are_not_looked_at(verifier):
    brought = {"jwk": OTHER.as_dict(private=False)}
    token = jwt.encode({"alg": "RS256", "kid": "k1", **brought}, claims(), OTHER)
    assert refusal(verifier, token) == "id_token_signature"


def test_addresses_of_keys_in_a_good_token_are_ignored(verifier):
    token = signed(jku="https://evil.example/keys", x5u="https://evil.example/key.pem")
    assert verifier.verify(token, "n1")["sub"] == "asha.dl"


def test_an_expired_token_is_refused_after_the_leeway(verifier, clock):
    token = signed(claims(exp=int(NOW.timestamp()) + 10, jti=None))
    clock.advance(timedelta(seconds=69))
    verifier.verify(token, "n1")
    clock.advance(timedelta(seconds=61))
    assert refusal(verifier, token) == "id_token_claims"


@pytest.mark.parametrize(("ahead", "holds"), [(60, True), (120, False)])
def test_a_token_from_the_future_is_refused_beyond_the_leeway(verifier, ahead, holds):
    token = signed(claims(iat=int(NOW.timestamp()) + ahead))
    if holds:
        verifier.verify(token, "n1")
    else:
        assert refusal(verifier, token) == "id_token_claims"


@pytest.mark.parametrize("missing", ["exp", "iat"])
def test_a_token_without_its_times_is_refused(verifier, missing):
    assert refusal(verifier, signed(claims(**{missing: None}))) == "id_token_claims"


def test_a_nonce_must_be_ours_where_there_is_one(verifier):
    verifier.verify(signed(claims(nonce="n1")), "n1")
    assert refusal(verifier, signed(claims(nonce="n2", jti="token-2"))) == "id_token_nonce"


def test_a_token_is_accepted_once(verifier):
    verifier.verify(signed(), "n1")
    assert refusal(verifier, signed()) == "id_token_replayed"


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", "not a token", "é.b.c", "W10.b.c"])
def test_what_is_not_a_token_is_garbled(verifier, token):
    with pytest.raises(Garbled):
        verifier.verify(token, "n1")


def test_a_key_set_without_rsa_keys_is_refused_at_the_start(clock):
    with pytest.raises(ValueError, match="no RSA key"):
        IdTokenVerifier(
            {"keys": [{"kty": "oct", "k": "AAAA", "kid": "k1"}]}, audience=CLIENT, issuers=(ISSUER,), clock=clock
        )


def test_keys_are_read_again_for_an_unknown_kid_at_most_once_a_minute(clock):
    reads = []
    newer = RSAKey.generate_key(2048, {"kid": "k2"})

    def reload() -> dict[str, object]:
        reads.append(clock.monotonic())
        return {"keys": [newer.as_dict(private=False)]} if clock.monotonic() >= 60 else JWKS

    verifier = IdTokenVerifier(JWKS, audience=CLIENT, issuers=(ISSUER,), clock=clock, reload=reload)
    token = jwt.encode({"alg": "RS256", "kid": "k2"}, claims(), newer)
    for _ in range(50):
        assert refusal(verifier, token) == "id_token_kid"
    assert len(reads) == 1

    clock.advance(timedelta(seconds=60))
    assert verifier.verify(token, "n1")["jti"] == "token-1"
    assert refusal(verifier, signed(claims(jti="token-2"))) == "id_token_kid"
    assert len(reads) == 2
