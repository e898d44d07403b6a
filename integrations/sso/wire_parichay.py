"""Parichay and Jan Parichay on the wire, variant A (docs/contracts/sso.md section 3)."""

import hashlib
import unicodedata
from typing import Any
from urllib.parse import urlencode

from domain.kernel import Assurance, Provider, Source
from integrations.calling.errors import Garbled
from integrations.identity import ProviderIdentity, mobile_of, text_of

AUTHORIZE_PATH = "/oauth2/authorize"
TOKEN_PATH = "/salt/api/oauth2/token"  # noqa: S105 - a path
USER_PATH = "/salt/api/oauth2/userdetails"
REVOKE_PATH = "/salt/api/oauth2/revoke"
SIGN_OUT_PATH = "/logout"

DEAD_TOKEN = frozenset({"http_401", "invalid_token"})
"""INFERRED: how a token that is dead already is refused; the contract documents no statuses of refusals."""

GENDERS = {"male": "M", "female": "F", "transgender": "T", "m": "M", "f": "F", "t": "T"}
"""Our letter for each word of the provider, in lower case."""


def authorize_query(*, client_id: str, redirect_uri: str, scope: str, code_challenge: str, state: str) -> str:
    """The query of the authorize page."""
    return urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
            "state": state,
        }
    )


def read_access_token(body: dict[str, Any]) -> str:
    """The access token, opaque to us. `expires_in` is in no known unit and is not read."""
    access_token = text_of(body, "access_token")
    if access_token is None:
        raise Garbled(Source.SSO, "token_answer")
    return access_token


def read_identity(provider: Provider, body: dict[str, Any], subject_field: str | None = None) -> ProviderIdentity:
    """The person of `userdetails`; raises Garbled where the key of that provider is missing.

    `subject_field` is the field with an official's durable id, where onboarding names one: the contract names none.
    """
    name = " ".join(part for part in (text_of(body, "FirstName"), text_of(body, "LastName")) if part)
    email = text_of(body, "Email")
    mobile = mobile_of(text_of(body, "MobileNo"))
    official = provider is Provider.PARICHAY
    subject = official_subject(email) if official else citizen_subject(mobile, name)
    if official and subject and subject_field is not None:
        subject = text_of(body, subject_field)
    if subject is None:
        raise Garbled(Source.SSO, "user_answer")
    return ProviderIdentity(
        provider=provider,
        subject=subject,
        name=name,
        born_on=None,
        gender=GENDERS.get(str(body.get("Gender", "")).strip().lower()),
        mobile=mobile,
        email=email.lower() if email and official else email,
        assurance=Assurance.SUBSTANTIAL if official else Assurance.LOW,
    )


def official_subject(email: str | None) -> str | None:
    """An official e-mail in lower case, as NIC registers it and as our register of officers keeps it."""
    return email.lower() if email and "@" in email else None


def citizen_subject(mobile: str | None, name: str) -> str | None:
    """The mobile bound to the name on it: a recycled number under another name is another subject."""
    folded = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    if mobile is None or not folded:
        return None
    return f"{mobile}:{hashlib.sha256(folded.encode()).hexdigest()[:32]}"
