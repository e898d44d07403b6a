"""What messages cost: by day in India and channel, how many providers took or may have taken, and their price."""

from datetime import date

import sqlalchemy as sa

from domain.feedback.messages import MessageChannel
from domain.kernel import ist_date
from store.database import Key, Transaction, fetch_rows, insert_into
from store.database.metadata import metadata

days_table = sa.Table(
    "message_days",
    metadata,
    sa.Column("on_day", sa.Date, primary_key=True),
    sa.Column("channel", Key, primary_key=True),
    sa.Column("messages", sa.BigInteger, nullable=False),
    sa.Column("cost", sa.BigInteger, nullable=False),
)
"""`cost` is in ten-thousandths of a rupee."""
_T = days_table.c


async def count(tx: Transaction, on_day: date, channel: MessageChannel, messages: int, cost: int) -> int:
    """Count messages of a day, with what they cost in ten-thousandths of a rupee; what the day costs with them.

    Nobody else counts messages of that day and channel until the transaction ends.
    """
    counted = insert_into(tx, days_table).values(on_day=on_day, channel=channel.value, messages=messages, cost=cost)
    changes = {"messages": _T.messages + messages, "cost": _T.cost + cost}
    counted = counted.on_conflict_do_update(index_elements=["on_day", "channel"], set_=changes)
    return int((await tx.connection.execute(counted.returning(_T.cost))).scalar_one())


async def cost_of_today(tx: Transaction, channel: MessageChannel) -> int:
    """What the messages of a channel cost today, in ten-thousandths of a rupee."""
    return (await counts_of_today(tx)).get(channel, (0, 0))[1]


async def counts_of_today(tx: Transaction) -> dict[MessageChannel, tuple[int, int]]:
    """By channel, how many messages of today there are and what they cost, in ten-thousandths of a rupee."""
    rows = await fetch_rows(tx, sa.select(days_table).where(_T.on_day == ist_date(tx.clock.now())))
    return {MessageChannel(row.channel): (row.messages, row.cost) for row in rows}
