"""Signs in: redirects to the provider with a transaction of ours, and opens the session on return.

State, verifier and nonce stay here, bound to one browser, good once and for ten minutes
(docs/contracts/sso.md section 9). A code of a provider is exchanged once and never again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from actions.feedback.notices import About, tell
from actions.identity import provider_sign_out
from actions.identity.account_links import prove_link
from actions.identity.invitations import open_invitation
from actions.identity.sessions import mint_session_token
from actions.identity.sign_in_guards import (
    AppRequest,
    browser_state,
    challenge_of,
    hash_of,
    safe_return_to,
    verifier_matches,
    with_query,
)
from actions.identity.sign_in_people import Admitted, person_of
from actions.kernel import Environment, UnitOfWork
from domain.feedback.notices import NoticeKind, Topic
from domain.kernel import SYSTEM, Assurance, ErrorCode, Language, PersonKind, Problem, Problems, Provider, Remedy
from domain.kernel.secret_comparison import is_same_secret
from integrations.sso import HandshakeProvider, IdentityProvider, ProviderIdentity
from store.database import AlreadyThere, AnyRow, Transaction, audit
from store.identity import devices, push_devices, session_tokens, sessions, sign_ins
from store.identity.sessions import Session
from store.identity.sign_ins import AppCode, SignInTransaction

TRANSACTION_SECONDS = 600
APP_CODE_SECONDS = 60
SESSION_SECONDS = 600
"""Life of a session in production; the demo profile passes 3600 (ADR 0020)."""

_ATTEMPTS = 3
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A finished sign-in. A browser gets `token`, a native app is sent to `app_redirect` with a code."""

    session: Session
    kind: PersonKind
    token: str | None = field(repr=False)
    app_redirect: str | None = field(repr=False)
    return_to: str
    language: Language
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LinkProven:
    """A provider vouched for the account that a citizen wants to link; the code to her telephone comes next."""

    link_id: str
    language: Language


@dataclass(frozen=True, slots=True)
class AppToken:
    """The tokens of a native app. `expires_in` is seconds, of the access token; `refresh_expires_in` of the other."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(default=None, repr=False)
    refresh_expires_in: int = 0


@dataclass(frozen=True, slots=True)
class SignInIntent:
    """What a sign-in is for beside itself: a strength, the link of a further account, or an officer's first use."""

    strength: Assurance | None = None
    link_id: str | None = None
    invitation: str | None = field(default=None, repr=False)
    """The token of an officer's one-time link."""


async def begin_sign_in(
    env: Environment,
    provider: Provider,
    *,
    browser_hash: str,
    redirect_uri: str,
    return_to: str | None,
    app: AppRequest | None,
    language: Language,
    wish: SignInIntent | None = None,
) -> str:
    """Open a transaction and give the address of the provider's page.

    `browser_hash` is the hash of a secret that only this browser holds. Raises Problems(BAD_INPUT) for a
    `return_to` that is not a path of ours, NOT_FOUND for a provider that is not configured, and INVITATION_OVER for a
    one-time link that was used or has expired; Unavailable where the provider is away.
    """
    wanted = safe_return_to(return_to)
    identity_provider = _provider(env, provider)
    by_handshake = isinstance(identity_provider, HandshakeProvider)
    now, token = env.clock.now(), wish.invitation if wish else None
    if token is not None:
        await env.store.read(lambda tx: open_invitation(env, tx, hash_of(token)))
    transaction = SignInTransaction(
        state=browser_state(browser_hash, provider) if by_handshake else env.ids.token(),
        provider=provider,
        nonce=env.ids.token(),
        code_verifier=env.ids.token(48),
        redirect_uri=redirect_uri,
        browser_hash=browser_hash,
        return_to=wanted,
        app_redirect=app.redirect if app else None,
        app_state=app.state if app else None,
        app_challenge=app.challenge if app else None,
        language=language.value,
        created_at=now,
        expires_at=now + timedelta(seconds=TRANSACTION_SECONDS),
        link_id=wish.link_id if wish else None,
        invitation_id=None if token is None else hash_of(token),
    )
    address = await identity_provider.authorize_url(
        state=transaction.state,
        nonce=transaction.nonce,
        code_challenge=challenge_of(transaction.code_verifier),
        redirect_uri=redirect_uri,
        language=language.value,
        strength=wish.strength if wish else None,
    )

    async def work(tx: Transaction) -> None:
        if by_handshake:
            await sign_ins.take_transaction(tx, transaction.state)  # a browser has one such sign-in at a time
        await sign_ins.add_transaction(tx, transaction)

    await env.store.carry_out(work)
    return address


async def finish_sign_in(
    env: Environment,
    provider: Provider,
    *,
    code: str,
    state: str,
    browser_hash: str,
    session_seconds: int = SESSION_SECONDS,
    platform: str = "OTHER",
) -> SignedIn | LinkProven:
    """Take the transaction, exchange the code, find or make the person, and open a session.

    A transaction that is for the link of a further account opens none: the account is noted as proven. `platform`
    is the kind of system that the browser runs on, for the list of devices.

    Raises Problems: BAD_INPUT (SIGN_IN_AGAIN) where state, provider or browser do not match, or the
    transaction is spent; FORBIDDEN for an officer or operator who is not on the register, and for an account that is
    not the one which an officer's first use tied; INVITATION_OVER. Errors of the provider pass through as RemoteError.
    """
    identity_provider = _provider(env, provider)
    if isinstance(identity_provider, HandshakeProvider):
        state = browser_state(browser_hash, provider)
    transaction = await _take(env, provider, state, browser_hash)
    identity = await identity_provider.exchange(
        code=code,
        code_verifier=transaction.code_verifier,
        redirect_uri=transaction.redirect_uri,
        nonce=transaction.nonce,
    )
    if transaction.link_id is not None:
        await prove_link(env, transaction.link_id, identity)
        return LinkProven(transaction.link_id, Language(transaction.language))
    try:
        session, app_redirect = await _retry_admission(
            lambda: _admit(env, transaction, identity, session_seconds, platform)
        )
    except Problems:
        await _note_refusal(env, provider)
        raise
    tokens = None if app_redirect else await _tokens(env, session)
    return SignedIn(
        session=session,
        kind=session.kind,
        token=tokens.access_token if tokens else None,
        app_redirect=app_redirect,
        return_to=transaction.return_to,
        language=Language(transaction.language),
        refresh_token=tokens.refresh_token if tokens else None,
    )


async def abandon_sign_in(
    env: Environment, provider: Provider, *, state: str, browser_hash: str, error: str
) -> SignInTransaction:
    """Spend the transaction of a sign-in that the provider or the person broke off; says where it came from.

    Raises Problems(BAD_INPUT) as `finish_sign_in` does.
    """
    transaction = await _take(env, provider, state, browser_hash)
    _log.info("sign_in_abandoned", provider=provider.value, refused=error == "access_denied")
    return transaction


async def exchange_app_code(
    env: Environment, code: str, verifier: str, redirect_uri: str, *, client_id: str
) -> AppToken:
    """Trade our own one-time code for the session token of an app (RFC 7636 section 4.6).

    The code is spent whatever comes out; one that comes again, or too late, ends the session that it opened (RFC 6749
    section 4.1.2). Raises Problems(BAD_INPUT), the same for every cause.
    """
    kept = await env.store.carry_out(lambda tx: _use_code(tx, code))
    now = env.clock.now()
    if kept is None:
        raise _start_again("code")
    if not is_same_secret(kept.redirect_uri, redirect_uri) or not verifier_matches(verifier, kept.challenge):
        raise _start_again("code")
    session = await env.store.read(lambda tx: sessions.session(tx, kept.session_id))
    if session is None or session.revoked_at is not None or session.expires_at <= now:
        raise _start_again("code")
    return await _tokens(env, session, client_id)


async def refresh_session(
    env: Environment, token: str, session_seconds: int = SESSION_SECONDS, *, client_id: str = ""
) -> AppToken:
    """Trade a refresh token for a new access token and the next refresh token, for the app that it was given to.

    A token that was used before ends its session: it, or the one before it, is in two hands. Raises
    Problems(BAD_INPUT), the same for every cause. `client_id` is empty for our pages (RFC 6749 sections 6 and 10.4).
    """

    async def work(tx: Transaction) -> Session | None:
        return await _refresh_session(env, tx, await devices.generation_of(tx, token, client_id), session_seconds)

    session = await env.store.carry_out(work)
    if session is None:
        raise _start_again("refreshToken")
    return await _tokens(env, session, client_id)


async def _use_code(tx: Transaction, code: str) -> AppCode | None:
    found = await sign_ins.use_app_code(tx, hash_of(code))
    if found is None:
        return None
    kept, good = found
    if good:
        return kept
    session = await sessions.session(tx, kept.session_id)
    if session is not None:
        await _end_reused(tx, session, "APP_CODE_REUSED")
    return None


async def _end_reused(tx: Transaction, session: Session, action: str) -> None:
    """End a session of which something came that was good once: it may be in two hands."""
    await provider_sign_out.plan(tx, await devices.end(tx, [session.id], devices.REUSED))
    await push_devices.remove(tx, [session.id])
    await audit.record(tx, f"{session.kind}:{session.person_id}", action, "SESSION", session.id)
    _log.warning("single_use_token_reused", action=action, provider=session.provider.value)


async def _tokens(env: Environment, session: Session, client_id: str = "") -> AppToken:
    refresh = await env.store.read(lambda tx: devices.token_of(tx, session.id, client_id))
    # In a thread: a module or a signer that holds the key may take seconds.
    token = await asyncio.to_thread(mint_session_token, env, session)
    now = env.clock.now()
    return AppToken(
        access_token=token,
        expires_in=int((session.expires_at - now).total_seconds()),
        refresh_token=refresh.token if refresh else None,
        refresh_expires_in=int((refresh.until - now).total_seconds()) if refresh else 0,
    )


async def _refresh_session(
    env: Environment, tx: Transaction, known: tuple[str, int, AnyRow] | None, session_seconds: int
) -> Session | None:
    if known is None:
        return None
    session_id, generation, row = known
    session = await sessions.session(tx, session_id)
    if session is None or session.revoked_at is not None or row.refreshes_until <= env.clock.now():
        return None
    if not await devices.rotate(tx, session_id, generation):
        await _end_reused(tx, session, "REFRESH_REUSED")
        return None
    until = min(env.clock.now() + timedelta(seconds=session_seconds), row.refreshes_until)
    await devices.extend(tx, session_id, until)
    return replace(session, expires_at=until)


async def open_for_umang(
    env: Environment, citizen_id: str, assurance: Assurance, session_seconds: int = SESSION_SECONDS, *, platform: str
) -> AppToken:
    """Open a browser's session for a citizen whom UMANG hands over by an assertion that was checked and used up.

    Only for an account that she linked herself (actions/umang/umang_users.py); its strength is that of the link.
    """
    now = env.clock.now()
    who = Admitted(PersonKind.CITIZEN, citizen_id, assurance)

    async def work(tx: Transaction) -> Session:
        until = now + timedelta(seconds=session_seconds)
        session = await _session(env, tx, who, Provider.UMANG, until, client=devices.BROWSER, platform=platform)
        detail = {"provider": Provider.UMANG.value, "assurance": session.assurance, "app": "False"}
        label = f"{who.kind}:{citizen_id}"
        await audit.record(tx, label, "SIGN_IN", "SESSION", session.id, **detail)
        return session

    return await _tokens(env, await env.store.carry_out(work))


def _provider(env: Environment, provider: Provider) -> IdentityProvider:
    found = env.partners.identity.get(provider)
    if found is None or not env.rules.sign_on.offers(provider):
        raise Problems(Problem(ErrorCode.NOT_FOUND, ("provider",), Remedy.NONE))
    return found


async def _take(env: Environment, provider: Provider, state: str, browser_hash: str) -> SignInTransaction:
    transaction = await env.store.carry_out(lambda tx: sign_ins.take_transaction(tx, state))
    if transaction is None or transaction.provider is not provider or transaction.expires_at <= env.clock.now():
        raise _start_again("state")
    if not is_same_secret(transaction.browser_hash, browser_hash):
        raise _start_again("state")
    return transaction


async def _admit(
    env: Environment, transaction: SignInTransaction, identity: ProviderIdentity, session_seconds: int, platform: str
) -> tuple[Session, str | None]:
    now = env.clock.now()

    async def work(tx: Transaction) -> tuple[Session, str | None]:
        admitted = await person_of(env, tx, identity, Language(transaction.language), transaction.invitation_id)
        kind, person_id = admitted.kind, admitted.person_id
        until = now + timedelta(seconds=session_seconds)
        client = devices.APP if transaction.app_redirect else devices.BROWSER
        session = await _session(env, tx, admitted, identity.provider, until, client=client, platform=platform)
        if identity.session_token is not None:
            refreshes_until = now + timedelta(seconds=env.rules.sign_on.refresh_seconds(kind))
            await session_tokens.add(
                tx, session.id, identity.session_token, serves_locker=admitted.serves_locker, until=refreshes_until
            )
        app_redirect = await _app_redirect(env, tx, transaction, session)
        detail = {"provider": identity.provider.value, "assurance": session.assurance, "app": str(bool(app_redirect))}
        await audit.record(tx, f"{kind}:{person_id}", "SIGN_IN", "SESSION", session.id, **detail)
        return session, app_redirect

    return await env.store.carry_out(work)


async def _session(
    env: Environment, tx: Transaction, who: Admitted, provider: Provider, until: datetime, *, client: str, platform: str
) -> Session:
    """Open a session until an instant, and note its device; a citizen is told of one of a kind that is new."""
    now = env.clock.now()
    is_new = who.kind is PersonKind.CITIZEN and await devices.is_new_to(
        tx, who.kind, who.person_id, client=client, platform=platform
    )
    session = Session(
        id=env.ids.key(),
        kind=who.kind,
        person_id=who.person_id,
        provider=provider,
        assurance=who.assurance.value,
        on_behalf_of=None,
        created_at=now,
        expires_at=until,
        revoked_at=None,
    )
    await sessions.add_session(tx, session)
    refreshes_until = now + timedelta(seconds=env.rules.sign_on.refresh_seconds(who.kind))
    seed = env.ids.token()
    await devices.add(tx, session.id, client=client, platform=platform, seed=seed, until=refreshes_until)
    if is_new:
        about = About(Topic.ACCOUNT, session.id, who.person_id, None, "signed in")
        await tell(UnitOfWork(env, tx, SYSTEM), NoticeKind.NEW_DEVICE, about, at=now.isoformat())
    return session


async def _app_redirect(
    env: Environment, tx: Transaction, transaction: SignInTransaction, session: Session
) -> str | None:
    if transaction.app_redirect is None or transaction.app_challenge is None:
        return None
    code = env.ids.token()
    kept = AppCode(
        person_kind=session.kind,
        person_id=session.person_id,
        session_id=session.id,
        challenge=transaction.app_challenge,
        redirect_uri=transaction.app_redirect,
        expires_at=env.clock.now() + timedelta(seconds=APP_CODE_SECONDS),
    )
    await sign_ins.add_app_code(tx, hash_of(code), kept)
    return with_query(transaction.app_redirect, code=code, state=transaction.app_state)


async def _retry_admission(work: Callable[[], Awaitable[tuple[Session, str | None]]]) -> tuple[Session, str | None]:
    """Two first sign-ins of one person may meet: the loser looks again and finds the winner's rows."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return await work()
        except AlreadyThere:
            _log.info("sign_in_tried_again")
    return await work()


async def _note_refusal(env: Environment, provider: Provider) -> None:
    await env.store.carry_out(
        lambda tx: audit.record(tx, "ANONYMOUS", "SIGN_IN_REFUSED", "SESSION", None, provider=provider.value)
    )


def _start_again(name: str) -> Problems:
    return Problems(Problem(ErrorCode.BAD_INPUT, (name,), Remedy.SIGN_IN_AGAIN))
