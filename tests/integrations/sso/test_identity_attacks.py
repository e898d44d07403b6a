"""The attacks of docs/reliability.md section 5.15 on the exchange with MeriPehchaan, answer by answer."""

import base64
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import respx
from joserfc import jwt
from joserfc.jwk import RSAKey

from domain.kernel import Assurance, ManualClock, Source
from integrations.calling.errors import IntegrityFailure, Refused
from integrations.sso import MeriPehchaan, MeriPehchaanSettings
from tests.support.remotes import PARTNER, remote_over

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
KEY, NEXT, STRANGE = (RSAKey.generate_key(2048, {"kid": kid}) for kid in ("k1", "k2", "k1"))
ASKED = {"code": "c1", "code_verifier": "v" * 64, "redirect_uri": "http://gateway.test/cb", "nonce": "n1"}
TOKEN = {"access_token": "a" * 40, "expires_in": 3600, "token_type": "Bearer", "scope": "openid"}
USER = {"digilockerid": "1", "name": "Asha Negi", "dob": "14031984", "gender": "F", "mobile": "9800000001"}
AT = int(NOW.timestamp())


def claims(**changes: object) -> dict[str, object]:
    every = {
        "iss": "https://api.digitallocker.gov.in",
        "sub": "asha.dl",
        "aud": "client-1",
        "iat": AT,
        "exp": AT + 86_400,
        "jti": "token-1",
        "user_sso_id": "DL-1",
        "given_name": "Asha Negi",
        "birthdate": "14/03/1984",
    }
    return {name: value for name, value in (every | changes).items() if value is not None}


def signed(key: RSAKey = KEY, header: dict[str, object] | None = None, **changes: object) -> str:
    return jwt.encode({"alg": "RS256", "kid": key.kid} | (header or {}), claims(**changes), key)


def _part(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(algorithm: str) -> str:
    return f"{_part({'alg': algorithm, 'kid': 'k1'})}.{_part(claims())}."


def critical() -> str:
    """A header that must be understood, of a kind that nobody here does."""
    return f"{_part({'alg': 'RS256', 'kid': 'k1', 'crit': ['exp']})}.{_part(claims())}.AAAA"


def signed_with_the_public_key() -> str:
    """HS256 under the PEM of the public key: a verifier that lets the token choose takes it for its own."""
    text = f"{_part({'alg': 'HS256', 'kid': 'k1'})}.{_part(claims())}"
    mac = hmac.digest(KEY.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


@pytest.fixture
def partner():
    with respx.mock(base_url=PARTNER, assert_all_called=False) as router:
        router.get("/public/oauth2/1/user").respond(json=USER)
        yield router


def provider(clock: ManualClock | None = None, reads: list[int] | None = None) -> MeriPehchaan:
    clock = clock or ManualClock(NOW)
    keys = {"keys": [KEY.as_dict(private=False)]}

    def again() -> dict[str, object]:
        if reads is not None:
            reads.append(1)
        return keys

    settings = MeriPehchaanSettings("https://browser.example", "client-1", "secret", jwks=keys)
    return MeriPehchaan(settings, remote_over(None, Source.SSO, clock=clock), clock, reload_keys=again)


def answers(partner, token: str) -> None:
    partner.post("/public/oauth2/2/token").respond(json=TOKEN | {"id_token": token})


@pytest.mark.parametrize(
    ("token", "word"),
    [
        (unsigned("none"), "id_token_algorithm"),
        (unsigned("None"), "id_token_algorithm"),
        (signed_with_the_public_key(), "id_token_algorithm"),
        (signed(STRANGE), "id_token_signature"),
        (signed(NEXT), "id_token_kid"),
        (signed(iss="https://parichay.nic.in"), "id_token_claims"),
        (signed(iss="https://api.digitallocker.gov.in.evil.example"), "id_token_claims"),
        (signed(iss=None), "id_token_claims"),
        (signed(aud="client-2"), "id_token_audience"),
        (signed(aud=["client-1", "client-2"]), "id_token_audience"),
        (signed(nonce="n2"), "id_token_nonce"),
        (signed(exp=AT - 120), "id_token_claims"),
        (signed(iat=AT + 120), "id_token_claims"),
        (critical(), "id_token_crit"),
        (signed(user_sso_id="DL-2"), "user_of_another_person"),
        (signed(birthdate="15/03/1984"), "user_of_another_person"),
    ],
)
async def test_a_forged_or_misdirected_token_opens_nobody(partner, token, word):
    answers(partner, token)

    with pytest.raises(IntegrityFailure) as refused:
        await provider().exchange(**ASKED)
    assert refused.value.code == word


@pytest.mark.parametrize("changes", [{"exp": AT - 59}, {"iat": AT + 60}])
async def test_a_clock_that_is_a_minute_off_is_forgiven(partner, changes):
    answers(partner, signed(**changes))

    assert (await provider().exchange(**ASKED)).subject == "DL-1"


async def test_the_answer_of_one_exchange_is_worth_nothing_in_another(partner):
    answers(partner, signed())
    meri = provider()
    await meri.exchange(**ASKED)

    with pytest.raises(IntegrityFailure) as refused:
        await meri.exchange(**ASKED | {"code": "c2"})
    assert refused.value.code == "id_token_replayed"


async def test_a_code_that_comes_back_is_refused_as_the_provider_says_it_and_asked_once(partner):
    route = partner.post("/public/oauth2/2/token").respond(400, json={"error": "invalid_grant"})

    with pytest.raises(Refused) as refused:
        await provider().exchange(**ASKED)
    assert (refused.value.code, route.call_count) == ("invalid_grant", 1)


async def test_a_storm_of_unknown_keys_reads_the_configured_keys_once_a_minute(partner):
    reads: list[int] = []
    meri = provider(reads=reads)
    for number in range(40):
        answers(partner, signed(header={"kid": f"k{number + 100}"}))
        with pytest.raises(IntegrityFailure):
            await meri.exchange(**ASKED)

    assert len(reads) == 1


async def test_a_higher_strength_asks_for_a_verification_against_aadhaar():
    async def asked(strength: Assurance | None) -> dict[str, list[str]]:
        url = await provider().authorize_url(
            state="s", nonce="n", code_challenge="c", redirect_uri="http://gateway.test/cb", language="hi",
            strength=strength,
        )  # fmt: skip
        return parse_qs(urlsplit(url).query)

    assert (await asked(Assurance.HIGH))["acr"] == ["aadhaar"]
    assert "acr" not in await asked(None)
