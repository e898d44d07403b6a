"""CSC Connect on the wire (docs/contracts/other_systems.md section 2)."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from domain.kernel import Assurance, Provider, Source
from integrations.calling.errors import Garbled, Refused
from integrations.identity import ProviderIdentity, mobile_of, text_of

AUTHORIZE_PATH = "/account/authorize"
TOKEN_PATH = "/account/token"  # noqa: S105 - a path
RESOURCE_PATH = "/account/resource"

_IV = b"0" * 16
_BLOCK_BITS = 128


def encrypt_text(client_token: str, text: str) -> str:
    """AES-128-CBC with PKCS#7 and a fixed IV of ASCII zeros, in lower-case hex.

    CSC publishes this form; the fixed IV is theirs, and the two numbers around the secret vary the text.
    Raises ValueError where the client token is not 16 ASCII characters.
    """
    key = client_token.encode("ascii")
    if len(key) != 16:
        raise ValueError("the client token of CSC Connect has 16 characters")
    padder = padding.PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES128(key), modes.CBC(_IV)).encryptor()
    return (encryptor.update(padded) + encryptor.finalize()).hex()


def encrypted_secret(client_token: str, client_secret: str, before: int, after: int) -> str:
    """The `client_secret` field of the token call; both numbers are random from 10 to 99."""
    if not (10 <= before <= 99 and 10 <= after <= 99):
        raise ValueError("two numbers of two digits are needed")
    return encrypt_text(client_token, f"{before}:{client_secret}@{after}")


def authorize_query(*, client_id: str, redirect_uri: str, state: str) -> str:
    """The query of the authorize page. CSC Connect knows neither PKCE nor nonce."""
    return urlencode({"response_type": "code", "client_id": client_id, "redirect_uri": redirect_uri, "state": state})


def read_access_token(body: dict[str, Any]) -> str:
    """The access token; raises Refused for `error_message`, which comes with status 200."""
    _refuse_error_message(body)
    access_token = text_of(body, "access_token")
    if access_token is None:
        raise Garbled(Source.CSC, "token_answer")
    return access_token


def read_identity(body: dict[str, Any], states: Collection[str]) -> ProviderIdentity:
    """The operator of the resource call; raises Refused for an inactive one or another state's."""
    _refuse_error_message(body)
    user = body.get("User")
    if not isinstance(user, dict):
        raise Garbled(Source.CSC, "resource_answer")
    csc_id = text_of(user, "csc_id")
    if csc_id is None:
        raise Garbled(Source.CSC, "no_csc_id")
    if str(user.get("active_status")) != "1":
        raise Refused(Source.CSC, "operator_inactive")
    if (text_of(user, "state_code") or "") not in states:
        raise Refused(Source.CSC, "other_state")
    return ProviderIdentity(
        provider=Provider.CSC_CONNECT,
        subject=csc_id,
        name=text_of(user, "fullname", "username") or "",
        born_on=None,
        gender=None,
        mobile=mobile_of(text_of(user, "mobileno")),
        email=text_of(user, "email"),
        assurance=Assurance.SUBSTANTIAL,
    )


def _refuse_error_message(body: dict[str, Any]) -> None:
    if text_of(body, "error_message"):
        raise Refused(Source.CSC, "error_message")
