"""The second administrator: confirms or refuses transfers and long covers that another one ordered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from actions.kernel import Environment, UnitOfWork, require, run_idempotently
from actions.officers.administrators import require_two
from actions.officers.staff_rounds import start_leave
from actions.officers.staff_views import administrator_postings
from actions.officers.staffing import Moved, carry_out_order, finished_transfer, note_of, of_posting, present_leave
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Posting, Problem, Problems, Role, Subject, not_found
from domain.officers.staff import Confirmation, Leave, Transfer
from store.database import Transaction
from store.identity import people
from store.officers import leave, posts

MOST_WAITING = 100


@dataclass(frozen=True, slots=True)
class ConfirmTransfer:
    """A transfer that waits for a second administrator, and whether it is confirmed or refused."""

    transfer_id: str
    confirm: bool
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ConfirmLeave:
    """A leave whose substitute waits for a second administrator; it is refused by cancelling it."""

    leave_id: str
    idempotency_key: str


async def confirm_transfer(
    env: Environment, subject: Subject, request: ConfirmTransfer
) -> tuple[tuple[Transfer, Moved], bool]:
    """Carry out a transfer that another administrator ordered, or refuse it; True where it is a replay.

    Raises Problems: NOT_FOUND, SECOND_ADMINISTRATOR_NEEDED where there is one administrator alone,
    SECOND_OFFICER_NEEDED for whoever ordered it and for whom it concerns, STEP_NOT_ALLOWED where it does not wait or
    the posts changed since, POSTS_INCOMPATIBLE.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        transfer = await posts.transfer(tx, request.transfer_id)
        path = ("input", "transferId")
        if transfer is None:
            raise not_found(*path)
        concerned = (transfer.officer_id, transfer.successor_id, transfer.cover_id)
        await _require_second(acting, transfer, (*transfer.left, *transfer.taken), concerned, path)
        outcome = Confirmation.CONFIRMED if request.confirm else Confirmation.REFUSED
        if not await posts.confirm(tx, transfer.id, outcome, by=subject.person_id or subject.label):
            raise _not_waiting(*path)
        if request.confirm:
            await carry_out_order(acting, transfer, *path)
        await note_of(acting, f"staff.transfer_{outcome.value.lower()}", transfer.officer_id, transfer=transfer.id)
        return {"id": transfer.id}

    body = {"id": request.transfer_id, "confirm": request.confirm}
    answer, replayed = await run_idempotently(
        env, subject, "confirmTransfer", key=request.idempotency_key, body=body, work=work
    )
    return await finished_transfer(env, subject, answer["id"]), replayed


async def confirm_leave(env: Environment, subject: Subject, request: ConfirmLeave) -> tuple[tuple[Leave, Moved], bool]:
    """Let a leave with its substitute begin; raises as `confirm_transfer`."""

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        entry = await leave.get(tx, request.leave_id)
        path = ("input", "leaveId")
        if entry is None:
            raise not_found(*path)
        officer = (await people.officers(tx, [entry.officer_id]))[entry.officer_id]
        await _require_second(acting, entry, officer.postings, (entry.officer_id, entry.substitute_id), path)
        if not await leave.confirm(tx, entry.id, by=subject.person_id or subject.label):
            raise _not_waiting(*path)
        await note_of(acting, "staff.leave_confirmed", entry.officer_id, leave=entry.id)
        return {"id": entry.id}

    answer, replayed = await run_idempotently(
        env, subject, "confirmLeave", key=request.idempotency_key, body={"id": request.leave_id}, work=work
    )
    await start_leave(env, subject, answer["id"])
    return await present_leave(env, answer["id"]), replayed


async def waiting_orders(env: Environment, subject: Subject) -> tuple[list[Transfer], list[Leave]]:
    """Transfers and leaves that wait for a second administrator and that the subject may post; the oldest first.

    Raises NotSignedIn, NOT_FOUND for those who post nobody.
    """
    reach = administrator_postings(subject)
    async with env.store.read_transaction() as tx:
        transfers, leaves = (
            await posts.waiting_transfers(tx, MOST_WAITING),
            await leave.waiting_leaves(tx, MOST_WAITING),
        )
        officers = await people.officers(tx, [one.officer_id for one in leaves])

    def may_post(posted: Sequence[Posting]) -> bool:
        return all(any(one.covers(post.department, post.district, post.tehsil) for one in reach) for post in posted)

    ours = [one for one in transfers if may_post((*one.left, *one.taken))]
    return ours, [one for one in leaves if may_post(officers[one.officer_id].postings)]


async def _require_second(
    acting: UnitOfWork,
    order: Transfer | Leave,
    posted: Sequence[Posting],
    concerned: tuple[str | None, ...],
    path: tuple[str, ...],
) -> None:
    """Let another administrator than who ordered it go on, who may post to all of it and is not concerned herself."""
    for posting in posted or (Posting(Role.OFFICER),):
        resource = of_posting(order.officer_id, posting)
        await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=path)
    await require_two(acting.tx, *path)
    if acting.subject.person_id in (order.recorded_by, *concerned):
        raise Problems(Problem(ErrorCode.SECOND_OFFICER_NEEDED, path))
    if order.confirmation is not Confirmation.WAITING:
        raise _not_waiting(*path)


def _not_waiting(*path: str) -> Problems:
    return Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, path, params={"state": "CONFIRMED"}))
