"""MeriPehchaan on the wire: query, form and field names.

Source: docs/contracts/sso.md section 2, docs/contracts/digilocker.md section 3.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from domain.kernel import Assurance, Provider, Source
from integrations.calling.errors import Garbled, IntegrityFailure
from integrations.identity import ProviderIdentity, ProviderTokens, day_of, mobile_of, text_of

AUTHORIZE_PATH = "/public/oauth2/1/authorize"
TOKEN_PATH = "/public/oauth2/2/token"  # noqa: S105 - a path
USER_PATH = "/public/oauth2/1/user"
REVOKE_PATH = "/public/oauth2/1/revoke"
SIGN_OUT_PATH = "/signin/logout/Y"

DEAD_TOKEN = frozenset({"invalid_token", "invalid_grant"})
"""INFERRED: what a 400 of the revoke call says of a token that is dead already; the contract has the status alone."""

SUBJECT_PREFIX = "DL-"
"""INFERRED: `user_sso_id` of a DigiLocker account is this prefix and its `digilockerid` (sample in
docs/contracts/sso.md section 2.1)."""

DEFAULT_EXPIRES_IN = 3600


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The answer of the token call."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    expires_in: int
    scope: str
    consent_until: datetime | None


@dataclass(frozen=True, slots=True)
class UserAnswer:
    """The answer of `/user`."""

    locker_id: str
    name: str = field(repr=False)
    born_on: date | None = field(repr=False)
    gender: str | None
    mobile: str | None = field(repr=False)
    email: str | None = field(repr=False)


def consent_words(text: str) -> str:
    """A text in the signs that the words of a consent take; the others are left out."""
    return re.sub(r"[^A-Za-z0-9_ ]+", "", text)


def check_consent_words(purpose: str, service_name: str, doctypes: Sequence[str]) -> None:
    """Raise ValueError for what the consent page refuses (docs/contracts/digilocker.md section 3.1)."""
    if not all(re.fullmatch(r"[A-Za-z0-9_ ]+", text) for text in (purpose, service_name)):
        raise ValueError("purpose and service_name take letters, digits, space and underscore only")
    if not all(re.fullmatch(r"[A-Z0-9]{1,5}", doctype) for doctype in doctypes):
        raise ValueError("a doctype has at most five capitals and digits")


def revoke_form(token: str) -> dict[str, str]:
    """The form of the revoke call; what belongs to the token dies with it."""
    return {"token": token, "token_type_hint": "access_token"}


def sign_out_query(client_id: str, redirect_uri: str) -> str:
    """The query of the page that ends the browser's session and sends it back with `error=user_loggedout`."""
    return urlencode({"client_id": client_id, "redirect_uri": redirect_uri})


def authorize_query(fields: Mapping[str, str | None]) -> str:
    """The query of the authorize page; absent fields are left out."""
    fixed = {"response_type": "code", "code_challenge_method": "S256"}
    return urlencode({**fixed, **{name: value for name, value in fields.items() if value}})


def read_token(body: dict[str, Any], asked_scope: str) -> TokenAnswer:
    """Read the token answer; raises Garbled."""
    access_token = text_of(body, "access_token")
    if access_token is None or str(body.get("token_type", "Bearer")).lower() != "bearer":
        raise Garbled(Source.SSO, "token_answer")
    return TokenAnswer(
        access_token=access_token,
        refresh_token=text_of(body, "refresh_token"),
        id_token=text_of(body, "id_token"),
        expires_in=_seconds(body.get("expires_in")) or DEFAULT_EXPIRES_IN,
        scope=text_of(body, "scope") or asked_scope,
        consent_until=_instant(body.get("consent_valid_till")),
    )


def read_user(body: dict[str, Any]) -> UserAnswer:
    """Read the answer of `/user`; raises Garbled where the durable key is missing."""
    locker_id = text_of(body, "digilockerid", "digilocker_id")
    if locker_id is None:
        raise Garbled(Source.SSO, "user_answer")
    return UserAnswer(
        locker_id=locker_id,
        name=text_of(body, "name") or "",
        born_on=day_of(text_of(body, "dob"), "%d%m%Y"),
        gender=_gender(body.get("gender")),
        mobile=mobile_of(text_of(body, "mobile")),
        email=text_of(body, "email"),
    )


def identity_from_claims(claims: dict[str, Any], user: UserAnswer | None, tokens: ProviderTokens) -> ProviderIdentity:
    """The person of a verified id_token, completed from `/user`; raises Garbled without a stable id."""
    subject = text_of(claims, "user_sso_id")
    if subject is None:
        raise Garbled(Source.SSO, "no_user_sso_id")
    return ProviderIdentity(
        provider=Provider.MERI_PEHCHAAN,
        subject=subject,
        name=text_of(claims, "given_name", "name") or (user.name if user else ""),
        born_on=day_of(text_of(claims, "birthdate"), "%d/%m/%Y") or (user.born_on if user else None),
        gender=_gender(claims.get("gender")) or (user.gender if user else None),
        mobile=mobile_of(text_of(claims, "phone_number")) or (user.mobile if user else None),
        email=text_of(claims, "email") or (user.email if user else None),
        assurance=Assurance.HIGH if text_of(claims, "masked_aadhaar") else Assurance.SUBSTANTIAL,
        tokens=tokens,
    )


def check_same_person(claims: dict[str, Any], user: UserAnswer, prefix: str | None) -> None:
    """Raise IntegrityFailure where `/user` names another person than the verified token.

    Otherwise a mix-up at the provider would link another person's locker for good.
    """
    subject = text_of(claims, "user_sso_id") or ""
    own_locker = prefix is None or not subject.startswith(prefix) or subject == prefix + user.locker_id
    born_on = day_of(text_of(claims, "birthdate"), "%d/%m/%Y")
    same_day = born_on is None or user.born_on is None or born_on == user.born_on
    if not (own_locker and same_day):
        raise IntegrityFailure(Source.SSO, "user_of_another_person")


def identity_from_user(user: UserAnswer, tokens: ProviderTokens, prefix: str | None) -> ProviderIdentity:
    """The person of `/user` alone, for a deployment without a configured key."""
    return ProviderIdentity(
        provider=Provider.MERI_PEHCHAAN,
        subject=(prefix or "") + user.locker_id,
        name=user.name,
        born_on=user.born_on,
        gender=user.gender,
        mobile=user.mobile,
        email=user.email,
        assurance=Assurance.SUBSTANTIAL,
        tokens=tokens,
    )


def provider_tokens(answer: TokenAnswer, locker_id: str | None) -> ProviderTokens:
    """The tokens to keep as the citizen's locker grant."""
    return ProviderTokens(
        access_token=answer.access_token,
        refresh_token=answer.refresh_token,
        expires_in=answer.expires_in,
        scope=answer.scope,
        consent_until=answer.consent_until,
        locker_id=locker_id,
    )


def _seconds(value: object) -> int | None:
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _instant(value: object) -> datetime | None:
    """UNIX seconds as a number or a numeric text; UNIX time has no zone, nothing is added."""
    seconds = _seconds(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _gender(value: object) -> str | None:
    return value if value in ("M", "F", "T") and isinstance(value, str) else None
