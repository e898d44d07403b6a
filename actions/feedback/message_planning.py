"""Plans by which channels a notice goes: when it is new, and when a channel had its turn."""

from collections.abc import Collection, Mapping, Sequence

from actions.feedback.channels import connected_carriers, connected_channels
from actions.kernel import Environment
from domain.feedback.messages import (
    GIVEN_UP_AFTER,
    IN_TURN,
    USUAL,
    MessageChannel,
    MessageSettings,
    MessageState,
    NotSent,
    channels_after,
    turn_of,
)
from domain.feedback.notices import ALWAYS_BY_SMS, NEEDS_HER, NEWS, NoticeKind
from store.database import Transaction
from store.feedback import messages, notices
from store.identity import people

PLANNED = 500
"""So many notices, and so many messages that had their turn, are planned in one transaction."""


async def plan_due(env: Environment) -> None:
    """Plan a batch of what is due; where nothing is, one read says so.

    One batch in each round is more than providers take in its time, and leaves the store to what is sent.
    """
    async with env.store.read_transaction() as tx:
        due = await messages.is_to_plan(tx)
    if due:
        await plan_messages(env)


async def plan_messages(env: Environment) -> None:
    """Make the messages of new notices, and those of the next channel where one had its turn.

    A notice that is older than a message may become is read in the portal alone.
    """

    async def work(tx: Transaction) -> None:
        taken, oldest = await notices.take_to_send(tx, PLANNED), tx.clock.now() - GIVEN_UP_AFTER
        new = [(each.id, each.citizen_id, each.kind) for each in taken if each.created_at > oldest]
        passing = await messages.to_pass_on(tx, PLANNED)
        await messages.plan(tx, [each.id for each in passing], next_at=None)
        tried = await messages.of_notices(tx, {each.notice_id for each in passing})
        readers = {each[1] for each in new} | {each.citizen_id for each in passing}
        chosen, reached = await messages.settings_of(tx, readers), await _readers_by_channel(env, tx, readers)
        muted = await messages.muted_of(tx, {each[0] for each in new} | tried.keys())

        def settings(notice_id: str, citizen_id: str) -> MessageSettings:
            hers = chosen.get(citizen_id, USUAL)
            return hers.of_muted() if notice_id in muted else hers

        planned = [row for each in new for row in _rows(env, each, settings(each[0], each[1]), reached, ())]
        for each in passing:
            before = tried[each.notice_id]
            if each.channel in turn_of(each.kind) and not any(one.state is MessageState.DELIVERED for one in before):
                of = (each.notice_id, each.citizen_id, each.kind)
                channels = [one.channel for one in before]
                planned += _rows(env, of, settings(each.notice_id, each.citizen_id), reached, channels)
        await messages.add_many(tx, planned)

    await env.store.carry_out(work)


async def pass_on_unconnected(env: Environment) -> int:
    """Let the next channel take its turn at once where what needs her waits for a channel that is not connected.

    The message itself goes on waiting, so that it goes where the channel is connected again; how many there were.
    """
    away = [each for each in IN_TURN if each not in connected_channels(env)]
    return await env.store.carry_out(lambda tx: messages.pass_on(tx, away, NEEDS_HER))


def new_message(env: Environment, of: tuple[str, str, NoticeKind], channel: MessageChannel) -> dict[str, object]:
    """The row of a message that is due now; `of` is its notice, by id, reader and kind."""
    now = env.clock.now()
    row: dict[str, object] = {"notice_id": of[0], "citizen_id": of[1], "kind": of[2].value, "channel": channel.value}
    row["is_urgent"] = of[2] in ALWAYS_BY_SMS
    row |= {"attempts": 0, "created_at": now, "state_at": now, "send_at": now, "look_at": now + GIVEN_UP_AFTER}
    return row | {"state": MessageState.CREATED.value, "reason": None, "looks": 0}


async def _readers_by_channel(
    env: Environment, tx: Transaction, citizen_ids: Collection[str]
) -> dict[MessageChannel, Collection[str]]:
    """The connected channels, with the ids of those of these citizens who have an address there."""
    readers = (await people.citizens(tx, citizen_ids)).values()
    return {channel: await carrier.addresses(tx, readers) for channel, carrier in connected_carriers(env).items()}


def _rows(
    env: Environment,
    of: tuple[str, str, NoticeKind],
    settings: MessageSettings,
    reached: Mapping[MessageChannel, Collection[str]],
    tried: Sequence[MessageChannel],
) -> list[dict[str, object]]:
    """The messages of a notice on the channels that take it now; on none, one that says why nothing goes."""
    _, citizen_id, kind = of
    channels = channels_after(kind, settings, [each for each in reached if citizen_id in reached[each]], tried)
    if channels or tried or not reached or kind in NEWS:
        return [new_message(env, of, each) for each in channels]
    wanted = channels_after(kind, settings, reached, ())
    reason = NotSent.NO_ADDRESS if wanted else NotSent.SWITCHED_OFF
    ended = {"state": MessageState.NOT_SENT.value, "reason": reason.value, "send_at": None, "look_at": None}
    return [new_message(env, of, (wanted or list(reached))[0]) | ended]
