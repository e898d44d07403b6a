"""The verb by which an installation gets a second administrator back on its host."""

from actions.kernel import Environment, UnitOfWork
from actions.officers.administrators import ADMINISTRATOR, FEWEST, administrators
from actions.officers.staffing import carry_out_order, note_of
from domain.kernel import ErrorCode, Problem, Problems, Subject, not_found
from domain.officers.staff import Transfer
from store.database import Transaction
from store.identity import people
from store.officers import posts

_OFFICER, _LOST = ("input", "officerId"), ("input", "inPlaceOf")


async def recover_administrator(
    env: Environment, subject: Subject, officer_id: str, reason: str, *, in_place_of: str | None = None
) -> None:
    """Make an officer an administrator, and one who is lost no longer one; audit line and alarm say so.

    Raises Problems: NOT_FOUND, POSTS_INCOMPATIBLE, STEP_NOT_ALLOWED where two other administrators are there, who do
    it in the graph, SECOND_ADMINISTRATOR_NEEDED where fewer than two would be left.
    """

    async def work(tx: Transaction) -> None:
        acting = UnitOfWork(env, tx, subject)
        if not await people.officers(tx, [officer_id]):
            raise not_found(*_OFFICER)
        held = set(await administrators(tx))
        if in_place_of is not None and in_place_of not in held:
            raise not_found(*_LOST)
        if officer_id in held or len(held - {in_place_of}) >= FEWEST:
            raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _OFFICER, params={"state": "ADMINISTRATORS"}))
        await note_of(acting, "admin.recovered", officer_id, reason=reason, in_place_of=in_place_of)
        await _carry_out(acting, officer_id, _OFFICER)
        if in_place_of is not None:
            await _carry_out(acting, in_place_of, _LOST)

    await env.store.carry_out(work)


async def _carry_out(acting: UnitOfWork, officer_id: str, path: tuple[str, ...]) -> None:
    post = (ADMINISTRATOR,)
    left, taken = (post, ()) if path == _LOST else ((), post)
    transfer = Transfer(acting.env.ids.key(), officer_id, None, None, left, taken, None, acting.now)
    await posts.add_transfer(acting.tx, transfer)
    await carry_out_order(acting, transfer, *path)
