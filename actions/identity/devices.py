"""Lists a person's own signed-in devices, and signs out one or all of them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from actions.identity import provider_sign_out
from actions.identity.assistance_consent import close_session
from actions.kernel import Environment, UnitOfWork, require, run_idempotently
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import PersonKind, Provider, Subject, not_found
from store.database import Transaction, audit
from store.identity import devices, identities, push_devices
from store.identity.devices import Device


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """A device of one's own. `key` names it here and nowhere else; `here` is the one that asks."""

    key: str
    device: Device
    here: bool


async def own_devices(env: Environment, subject: Subject) -> list[OwnDevice]:
    """The devices on which the subject is signed in, the one used last first. Raises NotSignedIn, NOT_FOUND."""
    kind, person_id = _self(subject)
    async with env.store.read_transaction() as tx:
        await _require_own_device(env, tx, subject, Purpose.VIEW)
        found = await devices.of_person(tx, kind, person_id)
    return [OwnDevice(key_of(one), one, one.session_id == subject.session_id) for one in found]


async def end_devices(
    env: Environment, subject: Subject, key: str, *, device: str | None = None, keep_this: bool = False
) -> tuple[int, bool]:
    """Sign out the device with that key, or with None every one; returns how many sessions ended, and the replay.

    A key that is none of one's own ends nothing. Raises NotSignedIn, NOT_FOUND.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"ended": await end_own(UnitOfWork(env, tx, subject), device=device, keep_this=keep_this)}

    body = {"device": device, "keep": keep_this}
    operation = "endDevices"
    if device is None and not keep_this:  # this session goes too: its key could not be asked for again
        return int((await env.store.carry_out(work))["ended"]), False
    answer, replayed = await run_idempotently(env, subject, operation, key=key, body=body, work=work)
    return int(answer["ended"]), replayed


async def end_own(acting: UnitOfWork, *, device: str | None, keep_this: bool) -> int:
    """The inner step, in the caller's transaction."""
    subject = acting.subject
    kind, person_id = _self(subject)
    await _require_own_device(acting.env, acting.tx, subject, Purpose.APPLY)
    held = await devices.of_person(acting.tx, kind, person_id)
    chosen = [one for one in held if device is None or key_of(one) == device]
    if keep_this:
        chosen = [one for one in chosen if one.session_id != subject.session_id]
    reason = devices.EVERYWHERE if device is None else devices.SIGNED_OUT
    if device is None and not keep_this:
        await provider_sign_out.plan_everywhere(acting)
    return await end_sessions(acting, kind, [one.session_id for one in chosen], reason)


async def end_sessions(acting: UnitOfWork, kind: PersonKind, session_ids: Iterable[str], reason: str) -> int:
    """End sessions here and at their providers, with what an operator acts on in them; returns how many ended."""
    ended = await devices.end(acting.tx, session_ids, reason)
    await provider_sign_out.plan(acting.tx, ended)
    await push_devices.remove(acting.tx, ended)
    for session_id in ended:
        if kind is PersonKind.OPERATOR:
            await close_session(acting, session_id)
        await audit.record(acting.tx, acting.subject.label, "SIGN_OUT", "SESSION", session_id, reason=reason)
    return len(ended)


async def untie(acting: UnitOfWork, kind: PersonKind, person_id: str) -> None:
    """Untie the account of an officer or operator whom the register gives another address; her sessions end."""
    await identities.remove_identities(acting.tx, kind, person_id, Provider.PARICHAY)
    held = await devices.of_person(acting.tx, kind, person_id)
    await end_sessions(acting, kind, [one.session_id for one in held], devices.UNLINKED)


def key_of(device: Device) -> str:
    """What names a device in lists."""
    return hashlib.sha256(f"device:{device.session_id}".encode()).hexdigest()[:16]


def _self(subject: Subject) -> tuple[PersonKind, str]:
    subject.require_signed_in()
    if subject.kind is None or subject.person_id is None:
        raise not_found()
    return subject.kind, subject.person_id


async def _require_own_device(env: Environment, tx: Transaction, subject: Subject, purpose: Purpose) -> None:
    await require(env, tx, subject, Resource(ObjectKind.DEVICE, person_id=subject.person_id), purpose, path=("input",))
