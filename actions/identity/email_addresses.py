"""The address that a citizen's mail goes to: it counts once she tells the code that came there."""

from dataclasses import dataclass, replace
from typing import Any

from actions.feedback.channels import connected_channels
from actions.identity.code_sending import Addressee, make_code, try_code
from actions.identity.one_time_codes import count_code
from actions.kernel import Environment, UnitOfWork, require_own_record, run_idempotently, wrong_code
from domain.feedback.messages import MessageChannel
from domain.identity.assisting import CodeKind
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ErrorCode, Problem, Problems, Subject
from integrations.email import is_address
from store.database import FieldCipher, Transaction
from store.identity import people

_ADDRESS, _CODE = ("input", "address"), ("input", "code")


@dataclass(frozen=True, slots=True)
class SetEmail:
    """The address, and the code that came there once it did; no address for no mail any more."""

    address: str | None
    code: str | None
    idempotency_key: str


async def set_email(env: Environment, subject: Subject, request: SetEmail) -> tuple[bool, bool]:
    """Send a code to an address, or with the code have mail go there; whether mail goes to that address now.

    Raises Problems: NOT_FOUND for anybody but a citizen, BAD_INPUT for what is no address, CHANNEL_NOT_CONNECTED,
    OTP_WRONG, OTP_EXPIRED, RATE_LIMITED.
    """
    address = (request.address or "").strip()
    cipher = FieldCipher(env.keyrings)

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        citizen = await require_own_record(acting, ObjectKind.ACCOUNT)
        if not address:
            await people.update_citizen(tx, replace(citizen, confirmed_email=None))
            await acting.record("email.removed", ObjectKind.ACCOUNT, citizen.id, Purpose.APPLY)
            return {"confirmed": False}
        if MessageChannel.EMAIL not in connected_channels(env):
            raise Problems(Problem(ErrorCode.CHANNEL_NOT_CONNECTED, _ADDRESS))
        if not is_address(address):
            raise Problems(Problem(ErrorCode.BAD_INPUT, _ADDRESS))
        about = f"{citizen.id}:{cipher.blind_index('email_address', address)[:32]}"
        if request.code is None:
            await count_code(env, tx, f"email:{citizen.id}", _ADDRESS)  # so that nobody has codes sent all over
            to = Addressee(None, citizen.language, citizen.id, email=address)
            await make_code(acting, CodeKind.CONFIRM_EMAIL, about, to, path=_ADDRESS)
            return {"confirmed": False}
        left = await try_code(acting, CodeKind.CONFIRM_EMAIL, about, request.code, path=_CODE)
        if left is not None:
            return {"left": left}
        await people.update_citizen(tx, replace(citizen, confirmed_email=address))
        await acting.record("email.confirmed", ObjectKind.ACCOUNT, citizen.id, Purpose.APPLY)
        return {"confirmed": True}

    body = {"request": cipher.blind_index("set_email", f"{address}:{request.code}")}
    answer, replayed = await run_idempotently(
        env, subject, "setEmail", key=request.idempotency_key, body=body, work=work
    )
    if "left" in answer:
        raise wrong_code(int(answer["left"]), *_CODE)
    return bool(answer["confirmed"]), replayed
