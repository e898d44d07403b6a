"""A citizen's DigiLocker: renews the tokens, lists and fetches the documents."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn, TypeVar
from weakref import WeakValueDictionary

import structlog

from actions.kernel import Environment, of_citizen, read_at_sources
from domain.certificates.signatures import SignatureState
from domain.identity.policy import ObjectKind
from domain.kernel import Source, Sourced, Subject
from integrations.calling.errors import Refused, Unavailable
from integrations.digilocker import (
    Examined,
    FileStream,
    FileStreams,
    Folder,
    IssuedDocument,
    LockerFile,
    LockerGrant,
    TokenAnswer,
)
from store.database import NotThere, StoreError, VersionConflict, leases
from store.identity import identities
from store.identity.identities import LockerTokens

T = TypeVar("T")

CONSENT_NEEDED = "consent_needed"
"""Our word for a citizen who linked no locker, or whose consent has ended; the remedy is to link it."""

REFRESH_BEFORE = timedelta(seconds=60)
"""Tokens are renewed this long before they end (docs/contracts/digilocker.md section 10)."""

RENEWAL_SECONDS, RENEWAL_WAIT_SECONDS = 15.0, 0.1
"""How long a renewal keeps the other processes out at most, and how often they look."""

_TOKEN_ENDED = frozenset({"invalid_token"})
_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
_log = structlog.get_logger(__name__)


async def locker_file(env: Environment, subject: Subject, citizen_id: str, uri: str) -> LockerFile:
    """One document of the locker, its HMAC verified; leaves a receipt.

    Raises NOT_FOUND where the subject may not see it, Refused(consent_needed) where no locker is linked
    or its consent has ended, and what the client raises.
    """
    await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), [Source.DIGILOCKER])
    return await ask(env, citizen_id, lambda grant: env.partners.digilocker.file(grant, uri))


async def list_documents(
    env: Environment, citizen_id: str, *, anew: bool = False
) -> Sourced[tuple[IssuedDocument, ...]]:
    """The locker's list for a caller that has decided access and leaves the receipt itself; `anew`: no kept one."""
    return await ask(env, citizen_id, lambda grant: env.partners.digilocker.issued_documents(grant, anew=anew))


async def signature_state(env: Environment, citizen_id: str, uri: str) -> SignatureState:
    """What the issuer's signature on a certificate is worth, for such a caller; its XML is fetched and not kept."""

    async def read_signature(grant: LockerGrant) -> SignatureState:
        client = env.partners.digilocker
        return client.signature_of(await client.certificate_xml(grant, uri))

    return await ask(env, citizen_id, read_signature)


async def examine_certificate(env: Environment, citizen_id: str, uri: str) -> tuple[LockerFile, Examined]:
    """A certificate's XML with what its signature is worth and covers, for such a caller."""

    async def examine(grant: LockerGrant) -> tuple[LockerFile, Examined]:
        client = env.partners.digilocker
        file = await client.certificate_xml(grant, uri)
        return file, client.examine_certificate(file)

    return await ask(env, citizen_id, examine)


async def folder(env: Environment, citizen_id: str, folder_id: str) -> Sourced[Folder]:
    """One folder of her own files, for such a caller; the empty id is the root."""
    return await ask(env, citizen_id, lambda grant: env.partners.digilocker.drive.folder(grant, folder_id))


async def forget_folder(env: Environment, citizen_id: str, folder_id: str = "") -> None:
    """Have a folder listed anew."""
    await ask(env, citizen_id, lambda grant: env.partners.digilocker.drive.forget(grant, folder_id))


async def open_stream(
    env: Environment, citizen_id: str, opening: Callable[[FileStreams], Callable[[LockerGrant], Awaitable[FileStream]]]
) -> FileStream:
    """A file under way, for such a caller; it is closed where the citizen withdrew the consent while it was opened."""
    stream = await _ask_with_tokens(env, citizen_id, opening(env.partners.digilocker.streams))
    try:
        await consent_holds(env, citizen_id)
    except BaseException:
        await stream.close()
        raise
    return stream


async def consent_holds(env: Environment, citizen_id: str) -> None:
    """Raise Refused(consent_needed) where her consent has ended, and drop what was kept of her."""
    try:
        await _load_tokens(env, citizen_id)
    except Refused:
        await env.partners.forget_citizen(citizen_id)
        raise


async def ask(env: Environment, citizen_id: str, question: Callable[[LockerGrant], Awaitable[T]]) -> T:
    """Ask, and drop the answer where the citizen withdrew her consent meanwhile. Raises as `locker_file`."""
    answer = await _ask_with_tokens(env, citizen_id, question)
    await consent_holds(env, citizen_id)
    return answer


async def _ask_with_tokens(env: Environment, citizen_id: str, ask: Callable[[LockerGrant], Awaitable[T]]) -> T:
    """Ask with good tokens; where the partner says that they ended early, renew them once and ask again."""
    tokens = await _tokens(env, citizen_id)
    try:
        return await ask(_grant(citizen_id, tokens))
    except Refused as refusal:
        if refusal.code not in _TOKEN_ENDED:
            raise
    tokens = await _renew_tokens(env, citizen_id, tokens)
    try:
        return await ask(_grant(citizen_id, tokens))
    except Refused as refusal:
        if refusal.code in _TOKEN_ENDED:
            await _consent_ended(env, citizen_id, tokens)
        raise


async def _tokens(env: Environment, citizen_id: str) -> LockerTokens:
    tokens = await _load_tokens(env, citizen_id)
    now = env.clock.now()
    if tokens.consent_until is not None and tokens.consent_until <= now:
        await _consent_ended(env, citizen_id, tokens)
    if tokens.expires_at - REFRESH_BEFORE > now:
        return tokens
    try:
        return await _renew_tokens(env, citizen_id, tokens)
    except Unavailable:
        # The old tokens still find the copy that is kept for such times.
        return tokens


async def _load_tokens(env: Environment, citizen_id: str) -> LockerTokens:
    tokens = await env.store.read(lambda tx: identities.locker_grant(tx, citizen_id))
    if tokens is None:
        raise Refused(Source.DIGILOCKER, CONSENT_NEEDED)
    return tokens


async def _renew_tokens(env: Environment, citizen_id: str, old: LockerTokens) -> LockerTokens:
    """New tokens, kept before they are used; one renewal at a time for a citizen.

    Where another process was first, its tokens are taken.
    """
    lock = _locks.setdefault(citizen_id, asyncio.Lock())
    async with lock, _renewal_lease(env, citizen_id):
        present = await _load_tokens(env, citizen_id)
        if present.version != old.version:
            return present
        if present.refresh_token is None:
            await _consent_ended(env, citizen_id, present)
        try:
            answer = await env.partners.digilocker.refresh(present.refresh_token, present.locker_id)
        except Refused as refusal:
            if refusal.code != "invalid_grant":
                raise
            return await _after_dead_token(env, citizen_id, present)
        return await _keep(env, citizen_id, present, answer)


@asynccontextmanager
async def _renewal_lease(env: Environment, citizen_id: str) -> AsyncIterator[None]:
    """Hold the citizen's lease, so that no other process uses her refresh token up meanwhile.

    Without it the loser of the race would find the token invalid, and take the consent for ended.
    """
    name, holder = f"locker:{citizen_id}", env.ids.key()
    while True:
        lease = await env.store.carry_out(lambda tx: leases.acquire(tx, name, holder, RENEWAL_SECONDS))
        if lease is not None:
            break
        await env.clock.sleep(RENEWAL_WAIT_SECONDS)
    try:
        yield
    finally:
        with suppress(StoreError):  # it then runs out by itself
            await env.store.carry_out(lambda tx: leases.drop(tx, lease))


async def _after_dead_token(env: Environment, citizen_id: str, dead: LockerTokens) -> LockerTokens:
    """The refresh token was used up: by another process that has kept its successor, or for good."""
    present = await _load_tokens(env, citizen_id)
    if present.version == dead.version:
        await _consent_ended(env, citizen_id, dead)
    return present


async def _keep(env: Environment, citizen_id: str, old: LockerTokens, answer: TokenAnswer) -> LockerTokens:
    renewed = replace(
        old,
        access_token=answer.access_token,
        refresh_token=answer.refresh_token or old.refresh_token,
        expires_at=answer.expires_at,
        scope=answer.scope or old.scope,
        consent_until=answer.consent_until or old.consent_until,
    )
    try:
        # Done again where the transaction loses a race: the partner has used the old refresh token up.
        return await env.store.carry_out(
            lambda tx: identities.save_locker_grant(tx, citizen_id, renewed, env.clock.now())
        )
    except (VersionConflict, NotThere):
        return await _load_tokens(env, citizen_id)


async def _consent_ended(env: Environment, citizen_id: str, tokens: LockerTokens) -> NoReturn:
    """Note that the citizen must consent again, drop what was kept of her locker, raise Refused(consent_needed)."""
    await env.store.carry_out(lambda tx: identities.mark_needs_consent(tx, citizen_id, tokens.version))
    await env.partners.digilocker.forget(_grant(citizen_id, tokens))
    _log.info("locker_consent_ended")
    raise Refused(Source.DIGILOCKER, CONSENT_NEEDED)


def _grant(citizen_id: str, tokens: LockerTokens) -> LockerGrant:
    return LockerGrant(citizen_id, tokens.access_token, tokens.locker_id)
