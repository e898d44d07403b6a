"""A pension that an officer granted, its payments and what is heard of them, and the finance officers of its place."""

import pytest

from actions.benefits.payment_status import apply_status
from actions.kernel import UnitOfWork
from domain.benefits.benefits import Instalment, PaymentNews, PaymentStatus, Sanction
from domain.kernel import SYSTEM, ErrorCode, PersonKind, Posting, Problems, Role, Subject
from store.benefits import benefits
from tests.support.actions import PENSION, World, papers
from tests.support.worlds import PENSION_PAPERS, link_and_offer


def finance(name: str) -> Subject:
    """A finance officer of the district."""
    posting = Posting(Role.FINANCE_OFFICER, None, "49", None)
    return Subject(frozenset({Role.FINANCE_OFFICER}), PersonKind.OFFICER, f"finance-{name}", (posting,))


FIRST, SECOND = finance("one"), finance("two")


async def granted_pension(world: World) -> Sanction:
    """Sunil's, by the officer of social welfare."""
    await link_and_offer(world, world.sunil, PENSION_PAPERS)
    case = await world.approved(world.sunil, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))
    async with world.env.store.read_transaction() as tx:
        return (await benefits.sanction_of_applications(tx, [case.id]))[case.id]


async def made(world: World, sanction: Sanction) -> list[Instalment]:
    """Its payments so far."""
    async with world.env.store.read_transaction() as tx:
        return (await benefits.instalments(tx, [sanction.id]))[sanction.id]


async def news(world: World, one: Instalment, status: PaymentStatus, **more: str) -> bool:
    """The treasury says where a payment stands; whether that was news."""
    async with world.env.store.write_transaction() as tx:
        said = PaymentNews(status, world.clock.now(), rail=one.rail, **more)
        return await apply_status(UnitOfWork(world.env, tx, SYSTEM), one.id, said)


def code_of(refused: pytest.ExceptionInfo[Problems]) -> ErrorCode:
    """Why it was refused."""
    return refused.value.code
