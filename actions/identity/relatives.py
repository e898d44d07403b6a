"""Registers and removes the relatives who may speak for a citizen at a centre, in the citizen's own session."""

from dataclasses import asdict, dataclass
from typing import Any

from actions.kernel import Environment, UnitOfWork, require_own, run_idempotently
from domain.identity.assisting import LONGEST_NAME, Relative
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ErrorCode, Problem, Problems, Subject, mobile_digits
from store.database import FieldCipher, Transaction
from store.identity import relatives

MOST_RELATIVES = 5
LONGEST_RELATION = 40


@dataclass(frozen=True, slots=True)
class RegisterRelative:
    """A relative: the name, how she is related, and the telephone that codes go to."""

    name: str
    relation: str
    mobile: str
    idempotency_key: str


async def register_relative(
    env: Environment, subject: Subject, request: RegisterRelative
) -> tuple[list[Relative], bool]:
    """Register a relative; gives all that are registered. Raises Problems: NOT_FOUND for others, BAD_INPUT."""

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        citizen_id = await require_own(acting, ObjectKind.ACCOUNT)
        relative = await _validated_relative(acting, citizen_id, request)
        await relatives.add(tx, relative)
        await acting.record("relative.registered", ObjectKind.ACCOUNT, relative.id, Purpose.APPLY)
        return {"id": relative.id}

    sealed = FieldCipher(env.keyrings).blind_index("relative_request", str(sorted(asdict(request).items())))
    key = request.idempotency_key
    _, replayed = await run_idempotently(env, subject, "registerRelative", key=key, body={"request": sealed}, work=work)
    return await relatives_of(env, subject), replayed


async def remove_relative(
    env: Environment, subject: Subject, relative_id: str, key: str
) -> tuple[list[Relative], bool]:
    """Strike a relative off; one that is none of hers changes nothing. Gives all that are left."""

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        citizen_id = await require_own(acting, ObjectKind.ACCOUNT)
        removed = await relatives.remove(tx, citizen_id, relative_id)
        if removed:
            await acting.record("relative.removed", ObjectKind.ACCOUNT, relative_id, Purpose.APPLY)
        return {"removed": removed}

    _, replayed = await run_idempotently(env, subject, "removeRelative", key=key, body={"id": relative_id}, work=work)
    return await relatives_of(env, subject), replayed


async def relatives_of(env: Environment, subject: Subject) -> list[Relative]:
    """Those whom the citizen registered, for herself alone. Raises NOT_FOUND for others."""
    async with env.store.read_transaction() as tx:
        return await relatives.of_citizen(
            tx, await require_own(UnitOfWork(env, tx, subject), ObjectKind.ACCOUNT, Purpose.VIEW)
        )


async def _validated_relative(acting: UnitOfWork, citizen_id: str, request: RegisterRelative) -> Relative:
    name, relation, mobile = request.name.strip(), request.relation.strip(), mobile_digits(request.mobile)
    wrong = [] if 1 <= len(name) <= LONGEST_NAME else ["name"]
    wrong += [] if 1 <= len(relation) <= LONGEST_RELATION else ["relation"]
    wrong += [] if mobile is not None else ["mobile"]
    if wrong:
        raise Problems(*(Problem(ErrorCode.BAD_INPUT, ("input", field)) for field in wrong))
    held = await relatives.of_citizen(acting.tx, citizen_id)
    if len(held) >= MOST_RELATIVES:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input",), params={"most": str(MOST_RELATIVES)}))
    return Relative(acting.env.ids.key(), citizen_id, name, relation, mobile or "", acting.now)
