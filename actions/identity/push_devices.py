"""Registers the app of a citizen for push messages, and removes it."""

import re
from dataclasses import dataclass
from typing import Any

from actions.identity.devices import key_of
from actions.kernel import Environment, UnitOfWork, require_own_record, run_idempotently
from domain.identity.policy import ObjectKind, Purpose
from domain.identity.push_devices import LONGEST_APP, LONGEST_TOKEN, PushDevice, PushPlatform
from domain.kernel import (
    ErrorCode,
    Language,
    LanguageNotSpoken,
    PersonKind,
    Problem,
    Problems,
    Subject,
    not_found,
    spoken_languages,
)
from store.database import FieldCipher, Transaction
from store.identity import devices, push_devices

_FORMS = {
    PushPlatform.ANDROID: re.compile(rf"[A-Za-z0-9_:.%-]{{20,{LONGEST_TOKEN}}}"),
    PushPlatform.IOS: re.compile(rf"[0-9a-fA-F]{{64,{LONGEST_TOKEN}}}"),
}
_APP = re.compile(rf"[A-Za-z0-9_.-]{{3,{LONGEST_APP}}}")


@dataclass(frozen=True, slots=True)
class RegisterDevice:
    """The app on the device that asks. `token` is what FCM or APNs gave it, `language` that of its screens."""

    platform: PushPlatform
    app: str
    token: str
    language: Language
    idempotency_key: str


async def register_device(env: Environment, subject: Subject, request: RegisterDevice) -> tuple[PushDevice, bool]:
    """Have push messages go to the device that asks, as long as its session holds.

    It takes the place of what was registered in the session before. A token that somebody else had is hers alone from
    now on. Raises NotSignedIn, LanguageNotSpoken; Problems: NOT_FOUND for anybody but a citizen, BAD_INPUT outside a
    session and for what is no token, CHANNEL_NOT_CONNECTED for a platform or app that is not reached here.
    """
    if request.language not in spoken_languages():
        raise LanguageNotSpoken
    subject.require_signed_in()
    session_id = subject.session_id

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        citizen = await require_own_record(acting, ObjectKind.NOTICE)
        if session_id is None:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("input",)))
        _refuse_unfit(env, request)
        before = (await push_devices.of_sessions(tx, [session_id])).get(session_id)
        is_same = before is not None and before.token == request.token
        device_id, since = (before.id, before.registered_at) if before and is_same else (env.ids.key(), acting.now)
        told = (request.platform, request.app, request.language, request.token)
        device = PushDevice(device_id, citizen.id, session_id, *told, since, acting.now)
        await push_devices.register(tx, device)
        if not is_same:
            await acting.record("push.registered", ObjectKind.NOTICE, citizen.id, Purpose.APPLY)
        return {"id": device.id}

    index = FieldCipher(env.keyrings).blind_index("register_device", request.token)
    body = {"platform": request.platform, "app": request.app, "token": index, "language": request.language}
    key = request.idempotency_key
    done, replayed = await run_idempotently(env, subject, "registerDevice", key=key, body=body, work=work)
    held = await env.store.read(lambda tx: push_devices.by_ids(tx, [str(done["id"])]))
    if not held:
        raise not_found("input")
    return held[str(done["id"])], replayed


async def remove_device(
    env: Environment, subject: Subject, *, device: str | None = None, key: str
) -> tuple[bool, bool]:
    """Have no push messages go to one of one's own devices, by its key in lists, or with None to the one that asks.

    True where that changed something. Raises NotSignedIn; Problems with NOT_FOUND for anybody but a citizen.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        citizen = await require_own_record(acting, ObjectKind.NOTICE)
        held = await devices.of_person(tx, PersonKind.CITIZEN, citizen.id)
        named = {key_of(one): one.session_id for one in held}
        session_id = subject.session_id if device is None else named.get(device)
        removed = await push_devices.remove(tx, [session_id]) if session_id else 0
        if removed:
            await acting.record("push.removed", ObjectKind.NOTICE, citizen.id, Purpose.APPLY)
        return {"removed": bool(removed)}

    done, replayed = await run_idempotently(env, subject, "removeDevice", key=key, body={"device": device}, work=work)
    return bool(done["removed"]), replayed


def _refuse_unfit(env: Environment, request: RegisterDevice) -> None:
    push, problems = env.partners.push, list[Problem]()
    if push is None or request.platform not in push.platforms:
        problems.append(Problem(ErrorCode.CHANNEL_NOT_CONNECTED, ("input", "platform")))
    elif not _APP.fullmatch(request.app) or not push.reaches(request.platform, request.app):
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "app")))
    if not _FORMS[request.platform].fullmatch(request.token):
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "token")))
    if problems:
        raise Problems(*problems)
