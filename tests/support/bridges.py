"""What a bridge must do, whatever holds the key behind it: the same tests for the sandbox's token and for SoftHSM2."""

import base64
import hashlib
from typing import Any, Protocol

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509 import load_der_x509_certificate

ORIGIN = "https://portal.test"
HASHES = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(200)]


class BridgeSite(Protocol):
    """A bridge that listens on loopback, with a token in it."""

    url: str
    origin: str

    def fate(self, fate: str, at: int = 0) -> None:
        """What becomes of the next signatures: `well`, `wrong_pin`, `cancelled`."""

    @property
    def prompts(self) -> int:
        """How often the PIN was asked for."""


def ask(site: BridgeSite, call: str, origin: str | None = None, **body: Any) -> httpx.Response:
    """One call of a page, with a nonce of its own where none is given."""
    headers = {"Origin": site.origin if origin is None else origin}
    with httpx.Client(base_url=f"{site.url}/v1", headers=headers, trust_env=False) as page:
        if call != "nonce" and "nonce" not in body:
            body["nonce"] = page.post("/nonce", json={}).json().get("nonce")
        return page.post(f"/{call}", json=body)


def certificate_of(site: BridgeSite) -> dict[str, str]:
    """The first certificate on the token."""
    found: dict[str, str] = ask(site, "certificates").json()["certificates"][0]
    return found


def items(*digests: str) -> list[dict[str, str]]:
    return [{"id": f"item-{place}", "sha256": one} for place, one in enumerate(digests)]


class BridgeTests:
    """The wire of docs/contracts/signatures.md section 3.4."""

    def test_it_names_the_certificate_that_signs(self, site: BridgeSite) -> None:
        found = certificate_of(site)

        der = base64.b64decode(found["certificate"])
        assert hashlib.sha256(der).hexdigest() == found["sha256"]
        assert int(found["serial"], 16) == load_der_x509_certificate(der).serial_number

    def test_two_hundred_hashes_are_signed_with_one_entry_of_the_pin(self, site: BridgeSite) -> None:
        found, before = certificate_of(site), site.prompts

        answer = ask(site, "sign", certSha256=found["sha256"], items=items(*HASHES)).json()

        key = load_der_x509_certificate(base64.b64decode(found["certificate"])).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        for one, digest in zip(answer["items"], HASHES, strict=True):
            signature = base64.b64decode(one["signature"])
            key.verify(signature, bytes.fromhex(digest), padding.PKCS1v15(), Prehashed(hashes.SHA256()))
        assert [one["id"] for one in answer["items"]] == [f"item-{place}" for place in range(200)]
        assert site.prompts == before + 1

    @pytest.mark.parametrize(("fate", "error"), [("wrong_pin", "PIN_WRONG"), ("cancelled", "CANCELLED")])
    def test_without_the_right_pin_nothing_is_signed(self, site: BridgeSite, fate: str, error: str) -> None:
        found = certificate_of(site)
        site.fate(fate)

        answer = ask(site, "sign", certSha256=found["sha256"], items=items(*HASHES[:2])).json()

        assert [one["error"] for one in answer["items"]] == [error, error]

    def test_a_certificate_that_is_not_there_signs_nothing(self, site: BridgeSite) -> None:
        answer = ask(site, "sign", certSha256="0" * 64, items=items(HASHES[0])).json()

        assert [one["error"] for one in answer["items"]] == ["TOKEN_GONE"]

    @pytest.mark.parametrize("origin", ["https://evil.test", "https://portal.test.evil.test", "null", ""])
    @pytest.mark.parametrize("call", ["nonce", "certificates", "sign"])
    def test_a_page_of_another_origin_gets_nothing(self, site: BridgeSite, origin: str, call: str) -> None:
        answer = ask(site, call, origin, nonce="any")

        assert (answer.status_code, answer.json()) == (403, {"error": "ORIGIN"})
        assert "access-control-allow-origin" not in answer.headers

    def test_a_nonce_is_good_for_one_call(self, site: BridgeSite) -> None:
        nonce = ask(site, "nonce").json()["nonce"]
        assert ask(site, "certificates", nonce=nonce).status_code == 200

        again = ask(site, "certificates", nonce=nonce)

        assert (again.status_code, again.json()) == (403, {"error": "NONCE"})

    def test_the_preflight_of_a_private_network_is_answered_for_our_page_alone(self, site: BridgeSite) -> None:
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
            "Access-Control-Request-Private-Network": "true",
        }
        ours = httpx.options(f"{site.url}/v1/sign", headers={**asked, "Origin": site.origin}, trust_env=False)
        others = httpx.options(f"{site.url}/v1/sign", headers={**asked, "Origin": "https://evil.test"}, trust_env=False)

        assert ours.status_code == 204
        assert ours.headers["access-control-allow-private-network"] == "true"
        assert ours.headers["access-control-allow-origin"] == site.origin
        assert others.status_code == 403

    @pytest.mark.parametrize(
        "given", [[], [{"id": "a", "sha256": "xyz"}], [{"sha256": HASHES[0]}], items(*HASHES, HASHES[0]), "text"]
    )
    def test_what_is_no_list_of_hashes_is_refused(self, site: BridgeSite, given: Any) -> None:
        answer = ask(site, "sign", certSha256=certificate_of(site)["sha256"], items=given)

        assert (answer.status_code, answer.json()) == (400, {"error": "BAD_REQUEST"})
