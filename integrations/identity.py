"""Models of an identity provider's answer, shared by `sso` and `csc`."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NotRequired, Protocol, TypedDict, TypeVar, Unpack, runtime_checkable

from domain.kernel import Assurance, Provider, Source, Sourced, mobile_digits
from integrations.calling.answers import read_as, read_object
from integrations.calling.errors import Garbled, NotLetIn, Refused, Unavailable, Verdict
from integrations.calling.remote import Answer

T = TypeVar("T")
_PARTNER_CODE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,39}")

ERRORS: Mapping[str, Verdict] = {
    "invalid_request": Verdict.DECLINED,
    "invalid_client": Verdict.ALARM,
    "invalid_grant": Verdict.DECLINED,
    "invalid_scope": Verdict.DECLINED,
    "invalid_token": Verdict.DECLINED,
    "insufficient_scope": Verdict.DECLINED,
    "unauthorized_client": Verdict.ALARM,
    "unsupported_grant_type": Verdict.DECLINED,
    "access_denied": Verdict.DECLINED,
    "server_error": Verdict.AGAIN,
    "temporarily_unavailable": Verdict.AGAIN,
    "unexpected_error": Verdict.AGAIN,
}
"""The providers' error codes (RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1; docs/contracts/sso.md). A 4xx
with a code that is not here is a refusal."""

CODES: Mapping[str, str] = {code: verdict.value for code, verdict in ERRORS.items()}
"""What its codes mean to us, as docs/policies.md prints them."""


@dataclass(frozen=True, slots=True)
class ProviderTokens:
    """Tokens that a provider handed over and that open the citizen's locker. `expires_in` is seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    scope: str
    consent_until: datetime | None
    locker_id: str | None


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """A person as a provider vouches for her. `subject` is the durable key within the provider."""

    provider: Provider
    subject: str = field(repr=False)
    name: str = field(repr=False)
    born_on: date | None = field(repr=False)
    gender: str | None
    mobile: str | None = field(repr=False)
    email: str | None = field(repr=False)
    assurance: Assurance
    tokens: ProviderTokens | None = None
    session_token: str | None = field(default=None, repr=False)
    """What the provider knows this sign-in by, for as long as it is to be ended there; None where it has none."""


@dataclass(frozen=True, slots=True)
class SignOutForm:
    """A form that a browser posts to `action` to end its session at a provider."""

    action: str
    fields: Mapping[str, str] = field(repr=False)


class Authorization(TypedDict):
    """What a sign-in is begun with; a provider does not look at what its protocol has not.

    `strength` is what the person wants to be known with.
    """

    state: str
    nonce: str
    code_challenge: str
    redirect_uri: str
    language: str
    strength: NotRequired[Assurance | None]


class IdentityProvider(Protocol):
    """A provider that people sign in with by authorisation code."""

    @property
    def provider(self) -> Provider:
        """Which provider this is."""

    @property
    def returns_after_sign_out(self) -> bool:
        """Whether its page that ends a session sends the browser back to us."""

    async def admit_visitor(self) -> None:
        """Let a browser be sent to a page of the provider; raises Unavailable where it takes nobody now."""

    async def authorize_url(self, **asked: Unpack[Authorization]) -> str:
        """Where to send the browser; raises Unavailable where a sign-in could not be finished now."""

    async def exchange(self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> ProviderIdentity:
        """Trade the single-use code for the person; raises RemoteError. Never repeated."""

    async def revoke(self, token: str) -> None:
        """End at the provider what a token stands for; one that is dead already is as good. Raises RemoteError."""

    def sign_out_url(self, back: str) -> str | None:
        """Where a browser ends its session at the provider, and is sent `back` where the provider does so.

        None for a provider without such a page.
        """


@runtime_checkable
class FormProvider(IdentityProvider, Protocol):
    """A provider at which a session is ended by a form that its browser posts, and in no other way."""

    def sign_out_form(self, token: str, back: str) -> SignOutForm:
        """The form that ends the session of a token and sends the browser `back`."""


@runtime_checkable
class HandshakeProvider(IdentityProvider, Protocol):
    """A provider that sends no `state` back with the browser, and at which sessions end without our being told.

    A sign-in is then bound to its browser alone, and a session of ours holds as long as the provider's does.
    """

    async def session_holds(self, token: str) -> Sourced[bool]:
        """Whether the session of a token still holds; an old answer is STALE. Raises RemoteError."""


def basic(client_id: str, client_secret: str) -> dict[str, str]:
    """The header with our own credentials (HTTP Basic)."""
    pair = f"{client_id}:{client_secret}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}


def json_object(source: Source, answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer; raises Garbled, since providers are known to send HTML pages."""
    if "json" not in answer.media_type:
        raise Garbled(source, "not_json")
    return read_as(source, read_object, answer.content)


def judge_json(source: Source, answer: Answer) -> None:
    """Sort an answer by status: 5xx Unavailable, 4xx Refused with the partner's code, 2xx passes."""
    if answer.status >= 500:
        raise Unavailable(source, f"http_{answer.status}")
    if answer.status >= 400:
        code = json_object(source, answer).get("error")
        known = code if isinstance(code, str) and _PARTNER_CODE.fullmatch(code) else f"http_{answer.status}"
        if ERRORS.get(known) is Verdict.AGAIN:
            raise Unavailable(source, known)
        raise (NotLetIn if ERRORS.get(known) is Verdict.ALARM else Refused)(source, known)
    if answer.status != 200:
        raise Garbled(source, f"http_{answer.status}")


def judge_done(source: Source) -> Callable[[Answer], None]:
    """A judge of calls whose good answer says nothing: any 2xx is done, refusals go by their code or status."""

    def judge(answer: Answer) -> None:
        if answer.status >= 500:
            raise Unavailable(source, f"http_{answer.status}")
        if answer.status >= 400 and "json" in answer.media_type:
            judge_json(source, answer)
        if answer.status >= 400:
            raise Refused(source, f"http_{answer.status}")
        if answer.status >= 300:
            raise Garbled(source, f"http_{answer.status}")

    return judge


def reading_json(source: Source, read: Callable[[dict[str, Any]], T]) -> Callable[[Answer], T]:
    """A reader of answers in JSON, which raises what any other means; a spoiled one counts against the provider."""

    def read_answer(answer: Answer) -> T:
        judge_json(source, answer)
        return read(json_object(source, answer))

    return read_answer


def text_of(body: dict[str, Any], *names: str) -> str | None:
    """The first of these members that is a text with something in it."""
    for name in names:
        value = body.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def mobile_of(text: str | None) -> str | None:
    """The ten digits of an Indian mobile number, or None where the text is not one."""
    return mobile_digits(text or "")


def day_of(text: str | None, layout: str) -> date | None:
    """The day of a text in a layout of `strptime`; None where the text is not one."""
    try:
        return datetime.strptime(text, layout).date() if text else None  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
