"""Finds the session and its person from a token that only sign-in can issue.

A token is a JWT signed with our own ES256 key (RFC 9068, `typ` at+jwt). It is checked against the key of
its `kid`, then against the row of its session, so that signing out works at once.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from joserfc.jws import JWSRegistry

from actions.identity import provider_sign_out
from actions.kernel import Environment, with_cover
from domain.catalogue.centres import ROSTER_KINDS
from domain.identity.assisting import AssistanceWay
from domain.identity.kept_sessions import KeptSession, SignedIn
from domain.kernel import (
    Assurance,
    NotSignedIn,
    PersonKind,
    Role,
    SourceState,
    Subject,
)
from domain.rosters.rosters import KEEPERS
from integrations.calling.errors import RemoteError
from integrations.sso import HandshakeProvider
from store import doorstep
from store.catalogue import centres
from store.database import Transaction, audit
from store.identity import assistances, people, push_devices, session_tokens, sessions
from store.identity.sessions import Session

ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type
KEYRING = "session"
LEEWAY_SECONDS = 60
"""For clocks of several machines that run ahead: `iat` only. `exp` is kept to the second."""

_LONGEST_TOKEN = 4096
_REGISTRY = JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)


def mint_session_token(env: Environment, session: Session) -> str:
    """Sign the token of a session that was just opened. Only sign-in may call this; a test asserts it."""
    key = env.keyrings.active(KEYRING)
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": TOKEN_TYPE}
    claims = {
        "iss": env.public_url,
        "sub": session.person_id,
        "sid": session.id,
        "kind": session.kind.value,
        "iat": int(env.clock.now().timestamp()),
        "exp": int(session.expires_at.timestamp()),
        "jti": env.ids.key(),
    }
    return jwt.encode(header, claims, key, registry=_REGISTRY)


async def subject_for_token(env: Environment, token: str) -> Subject:
    """The person of a token, with the roles held today; raises NotSignedIn where it does not hold."""
    return (await person_signed_in(env, token)).subject


async def person_signed_in(env: Environment, token: str) -> SignedIn:
    """The same, with the language that a citizen has saved.

    A citizen's session that was read within the last second is not read again (KeptSessions). What staff may do hangs
    on more than the session, and is read each time; so is a session that its provider may have ended.
    """
    sessions_kept, read_at = env.caches.sessions, env.clock.monotonic()
    digest, keys, changes = (
        sha256(token.encode()).digest(),
        env.keyrings.recent_keys(KEYRING, read_at),
        sessions_kept.changes,
    )
    known = sessions_kept.find(digest, keys, env.clock)
    if known is not None:
        return known
    session, person, token_ends_at = await _read(env, token)
    provider = env.partners.identity.get(session.provider)
    if isinstance(provider, HandshakeProvider):
        return replace(person, subject=await _held_at_provider(env, provider, session, person.subject))
    if session.kind is PersonKind.CITIZEN:
        ends_at = min(session.expires_at, token_ends_at)
        sessions_kept.keep(digest, KeptSession(person, ends_at, keys, read_at), changes)
    return person


async def subject_who_leaves(env: Environment, token: str) -> Subject:
    """The person of a token who signs out, for which no provider needs to answer. Raises NotSignedIn."""
    _, person, _ = await _read(env, token)
    return person.subject


def person_of_token(env: Environment, token: str) -> tuple[PersonKind, str] | None:
    """Kind and id of the person whom a token of ours names, without asking the store; None for any other token.

    It says whom to count a request for, and nothing about what she may do: the session may have ended.
    """
    try:
        claims = _verify(env, token)
        return PersonKind(claims["kind"]), claims["sub"]
    except (NotSignedIn, ValueError):
        return None


async def sign_out(env: Environment, subject: Subject) -> None:
    """End the session of the one who asks. Doing it twice changes nothing."""
    session_id = subject.session_id
    if session_id is None:
        return

    async def work(tx: Transaction) -> None:
        await sessions.revoke_session(tx, session_id, env.clock.now())
        await provider_sign_out.plan(tx, [session_id])
        await push_devices.remove(tx, [session_id])
        await audit.record(tx, subject.label, "SIGN_OUT", "SESSION", session_id)

    await env.store.carry_out(work)


async def _read(env: Environment, token: str) -> tuple[Session, SignedIn, datetime]:
    """The session of a token with its person, as the store has them, and when the token ends. Raises NotSignedIn."""
    claims = _verify(env, token)
    async with env.store.read_transaction() as tx:
        found = await sessions.session_and_language(tx, claims["sid"])
        if found is None or not _holds(env, found[0], claims):
            raise NotSignedIn(reason="the session has ended")
        session, language = found
        person = SignedIn(await _subject(tx, session), language)
    return session, person, datetime.fromtimestamp(claims["exp"], UTC)


async def _held_at_provider(
    env: Environment, provider: HandshakeProvider, session: Session, subject: Subject
) -> Subject:
    """The subject of a session that holds at a provider which ends sessions by itself.

    Where the provider is silent nobody of the staff is let in, and a citizen for a while to look only, on its last word
    (docs/contracts/sso.md section 9). Raises NotSignedIn.
    """
    kept = await env.store.read(lambda tx: session_tokens.get(tx, session.id))
    if kept is None:
        raise NotSignedIn(reason="the session at the provider is over")
    try:
        holds = await provider.session_holds(kept.token)
    except RemoteError as error:
        raise NotSignedIn(reason="the provider does not say whether the session holds") from error
    if not holds.value:
        await sign_out(env, subject)
        raise NotSignedIn(reason="the session at the provider is over")
    if holds.state is not SourceState.STALE:
        return subject
    if session.kind is not PersonKind.CITIZEN:
        raise NotSignedIn(reason="the provider does not say whether the session holds")
    return replace(subject, may_only_look=True)


def _verify(env: Environment, token: str) -> dict[str, Any]:
    if len(token) > _LONGEST_TOKEN:
        raise NotSignedIn(reason="not a token of ours")
    key = _key_of(env.keyrings.key_set(KEYRING), _header(token))
    rules = jwt.JWTClaimsRegistry(
        now=int(env.clock.now().timestamp()),
        iss={"essential": True, "value": env.public_url},
        sub={"essential": True},
        sid={"essential": True},
        kind={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        claims = _signed_claims(env, token, key)
        issued_at = claims.pop("iat")
        rules.validate(claims)
        if not isinstance(issued_at, int) or issued_at > rules.now + LEEWAY_SECONDS:
            raise NotSignedIn(reason="the token is from the future")
    except (JoseError, ValueError, KeyError) as error:
        raise NotSignedIn(reason="the token does not hold") from error
    if not all(isinstance(claims[name], str) for name in ("sub", "sid", "kind")):
        raise NotSignedIn(reason="the token does not hold")
    return claims


def _signed_claims(env: Environment, token: str, key: ECKey) -> dict[str, Any]:
    """What a key has signed; a request asks twice: when its head has come, and for its person."""
    digest = sha256(token.encode()).digest()
    known = env.caches.signatures.find(digest, key)
    if known is None:
        known = jwt.decode(token, key, registry=_REGISTRY).claims
        env.caches.signatures.keep(digest, key, known)
    return dict(known)


def _header(token: str) -> Mapping[str, Any]:
    encoded, _, _ = token.partition(".")
    try:
        header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError) as error:
        raise NotSignedIn(reason="not a token of ours") from error
    if not isinstance(header, dict):
        raise NotSignedIn(reason="not a token of ours")
    return header


def _key_of(keys: KeySet, header: Mapping[str, Any]) -> ECKey:
    if (header.get("alg"), header.get("typ")) != (ALGORITHM, TOKEN_TYPE) or "crit" in header or "b64" in header:
        raise NotSignedIn(reason="not a token of ours")
    for key in keys:
        if key.kid == header.get("kid") and isinstance(key, ECKey):
            return key
    raise NotSignedIn(reason="the token is signed with a key that is not ours")


def _holds(env: Environment, session: Session, claims: Mapping[str, Any]) -> bool:
    fits = session.person_id == claims["sub"] and session.kind.value == claims["kind"]
    return fits and session.revoked_at is None and session.expires_at > env.clock.now()


async def _subject(tx: Transaction, session: Session) -> Subject:
    match session.kind:
        case PersonKind.CITIZEN:
            return Subject(
                frozenset({Role.CITIZEN}),
                session.kind,
                session.person_id,
                session_id=session.id,
                assurance=Assurance(session.assurance),
            )
        case PersonKind.OFFICER:
            officer = (await people.officers(tx, [session.person_id])).get(session.person_id)
            postings = () if officer is None else await with_cover(tx, officer)
            if officer is None or not postings:
                raise NotSignedIn(reason="the officer holds no posting")
            roles = frozenset(posting.role for posting in postings)
            return Subject(roles, session.kind, officer.id, postings, session.id)
        case PersonKind.OPERATOR:
            return await _operator(tx, session)


async def _operator(tx: Transaction, session: Session) -> Subject:
    """An operator of a centre that is open, with the citizen who lets her act for her, as long as she does."""
    operator = (await people.operators(tx, [session.person_id])).get(session.person_id)
    centre = await centres.centre_of(tx, session.person_id)
    if operator is None or centre is None or not centre.open:
        raise NotSignedIn(reason="the operator is no longer on the register of a centre")
    if centre.kind in ROSTER_KINDS:
        places = frozenset(one.code for one in await centres.places_of(tx, operator.id))
        return Subject(
            frozenset({KEEPERS[centre.kind]}),
            session.kind,
            operator.id,
            session_id=session.id,
            district=operator.district,
            places=places,
        )
    agent = await doorstep.agent(tx, operator.id)
    held = await assistances.active_assistance(tx, session.id)
    return Subject(
        frozenset({Role.DOORSTEP_AGENT if agent else Role.OPERATOR}),
        session.kind,
        operator.id,
        session_id=session.id,
        on_behalf_of=held.citizen_id if held else None,
        district=operator.district,
        assurance=held.strength if held else None,
        assisted_service=held.service_code if held else None,
        filing_since=held.given_at if held and held.way is AssistanceWay.SIGNED_PAPER else None,
    )
