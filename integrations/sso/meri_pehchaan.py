"""Sign-in of citizens by MeriPehchaan (DigiLocker), OpenID Connect with PKCE."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self, Unpack

from domain.kernel import Assurance, Clock, Provider, Source
from domain.kernel.messages import portal_name
from integrations.calling.errors import Garbled, Refused, Unavailable
from integrations.calling.onboarding import read_settings
from integrations.calling.policies import CallPolicy, Priority
from integrations.calling.remote import Remote
from integrations.identity import Authorization, ProviderIdentity, basic, judge_done, reading_json
from integrations.sso import wire_meri_pehchaan as wire
from integrations.sso.id_token import IdTokenVerifier

TOKEN_POLICY = CallPolicy(
    "sso.meri_pehchaan.token",
    Source.SSO,
    attempt=5.0,
    repeatable=False,
    priority=Priority.FIRST,
    breaker="meri_pehchaan",
)
"""A code is good for one exchange: after a lost answer the citizen starts again
(docs/contracts/digilocker.md section 10)."""

USER_POLICY = CallPolicy("sso.meri_pehchaan.user", Source.SSO, priority=Priority.FIRST, breaker="meri_pehchaan")

REVOKE_POLICY = CallPolicy(
    "sso.meri_pehchaan.revoke",
    Source.SSO,
    attempts=1,
    repeatable=False,
    changes=True,
    body_limit=64_000,
    breaker="meri_pehchaan",
)
"""A good answer has no body. Sign-out is over here before it is asked, so it waits behind those who sign in."""

ISSUERS = ("https://api.digitallocker.gov.in", "https://digilocker.meripehchaan.gov.in")
"""The first is that of the published sample, the second INFERRED (docs/contracts/sso.md section 2.1)."""

AADHAAR = "aadhaar"
"""The value of `acr` that asks for a verification against Aadhaar (docs/contracts/sso.md section 2.2)."""

SCOPE = "openid files.issueddocs userdetails"
PURPOSE = "Citizen services"
"""Shown on the consent page: letters, digits, space and underscore only."""


@dataclass(frozen=True, slots=True)
class MeriPehchaanSettings:
    """What onboarding hands over. `browser_url` is the host as the citizen's browser reaches it.

    `jwks` is the key set; None means that id_token claims are not trusted and `/user` is asked instead.
    `subject_prefix` ties `user_sso_id` to `digilockerid` (INFERRED from a sample); None where onboarding
    says that they are not related.
    """

    browser_url: str
    client_id: str
    client_secret: str = field(repr=False)
    jwks: Mapping[str, Any] | None = None
    issuers: tuple[str, ...] = ISSUERS
    scope: str = SCOPE
    purpose: str = PURPOSE
    service_name: str = field(default_factory=lambda: wire.consent_words(portal_name().en))
    acr: str | None = None
    subject_prefix: str | None = wire.SUBJECT_PREFIX
    doctypes: tuple[str, ...] = ()
    """The kinds of documents that the consent is limited to; none means no limit."""
    signed_out_uri: str | None = None
    """The address that is registered for the way back from signing out; None where it is any of ours."""

    def __post_init__(self) -> None:
        wire.check_consent_words(self.purpose, self.service_name, self.doctypes)

    @classmethod
    def from_onboarding(cls, browser_url: str, given: Mapping[str, Any]) -> Self:
        """Read what DigiLocker handed over; raises KeyError where a needed part is missing.

        Needed are `client_id` and `client_secret`; `jwks`, `issuers`, `purpose`, `service_name`,
        `scope`, `doctypes` and `signed_out_uri` may be given. Raises ValueError for a purpose that the consent page
        does not take.
        """
        named = {name: value for name, value in given.items() if value}  # an empty one is as good as none
        return read_settings(cls, named, browser_url=browser_url)


class MeriPehchaan:
    """MeriPehchaan as an identity provider. `reload_keys` reads the configured key set again."""

    returns_after_sign_out = True

    provider = Provider.MERI_PEHCHAAN

    def __init__(
        self,
        settings: MeriPehchaanSettings,
        remote: Remote,
        clock: Clock,
        reload_keys: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self._settings = settings
        self._remote = remote
        self._verifier: IdTokenVerifier | None = None
        if settings.jwks is not None:
            self._verifier = IdTokenVerifier(
                settings.jwks, audience=settings.client_id, issuers=settings.issuers, clock=clock, reload=reload_keys
            )

    async def admit_visitor(self) -> None:
        await self._remote.admit_visitor(TOKEN_POLICY)

    async def authorize_url(self, **asked: Unpack[Authorization]) -> str:
        await self.admit_visitor()
        query = wire.authorize_query(
            {
                "client_id": self._settings.client_id,
                "redirect_uri": asked["redirect_uri"],
                "state": asked["state"],
                "nonce": asked["nonce"],
                "code_challenge": asked["code_challenge"],
                "scope": self._settings.scope,
                "purpose": self._settings.purpose,
                "service_name": self._settings.service_name,
                "acr": AADHAAR if asked.get("strength") is Assurance.HIGH else self._settings.acr,
                "req_doctype": ",".join(self._settings.doctypes) or None,
            }
        )
        return f"{self._settings.browser_url.rstrip('/')}{wire.AUTHORIZE_PATH}?{query}"

    async def exchange(self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> ProviderIdentity:
        with self._remote.raise_alarms(TOKEN_POLICY):  # a forged token raises the alarm
            answer = await self._token(code, code_verifier, redirect_uri)
            return replace(await self._identify_user(answer, nonce), session_token=answer.access_token)

    async def revoke(self, token: str) -> None:
        headers = basic(self._settings.client_id, self._settings.client_secret)
        form = wire.revoke_form(token)
        try:
            await self._remote.send(
                REVOKE_POLICY, "POST", wire.REVOKE_PATH, headers=headers, form=form, judge=judge_done(Source.SSO)
            )
        except Refused as refusal:
            if refusal.code not in wire.DEAD_TOKEN:
                raise

    def sign_out_url(self, back: str) -> str | None:
        query = wire.sign_out_query(self._settings.client_id, self._settings.signed_out_uri or back)
        return f"{self._settings.browser_url.rstrip('/')}{wire.SIGN_OUT_PATH}?{query}"

    async def _identify_user(self, answer: wire.TokenAnswer, nonce: str) -> ProviderIdentity:
        if self._verifier is None:
            user = await self._user(answer.access_token)
            tokens = wire.provider_tokens(answer, user.locker_id)
            return wire.identity_from_user(user, tokens, self._settings.subject_prefix)
        if answer.id_token is None:
            raise Garbled(Source.SSO, "no_id_token")
        claims = self._verifier.verify(answer.id_token, nonce)
        try:
            profile: wire.UserAnswer | None = await self._user(answer.access_token)
        except Unavailable:
            profile = None  # the signed token is enough to sign in; the locker is linked next time
        if profile is not None:
            wire.check_same_person(claims, profile, self._settings.subject_prefix)
        tokens = wire.provider_tokens(answer, profile.locker_id if profile else None)
        return wire.identity_from_claims(claims, profile, tokens)

    async def _token(self, code: str, code_verifier: str, redirect_uri: str) -> wire.TokenAnswer:
        form = {
            "code": code,
            "grant_type": "authorization_code",
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier,
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret,
        }
        read = reading_json(Source.SSO, lambda body: wire.read_token(body, self._settings.scope))
        return await self._remote.ask(TOKEN_POLICY, "POST", wire.TOKEN_PATH, read, form=form)

    async def _user(self, access_token: str) -> wire.UserAnswer:
        headers = {"authorization": f"Bearer {access_token}"}
        return await self._remote.ask(USER_POLICY, "GET", wire.USER_PATH, _READ_USER, headers=headers)


_READ_USER = reading_json(Source.SSO, wire.read_user)
