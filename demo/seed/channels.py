"""Seeds how messages reach some people of the demo, by the ordinary actions: channels, no quiet hours, an address."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from actions.feedback.channels import connected_channels
from actions.feedback.message_settings import choose_message_settings
from actions.identity.email_addresses import SetEmail, set_email
from actions.kernel import Environment
from demo.seed.people import cast_of, citizen_subject
from domain.feedback.messages import MessageChannel
from domain.kernel import Subject
from store.identity import sent_codes
from store.platform import seeds

WANTED = MappingProxyType(
    {
        "asha-negi": frozenset(MessageChannel),
        "imran-ansari": frozenset({MessageChannel.WHATSAPP, MessageChannel.EMAIL}),
    }
)
"""Who chose channels; whoever is not named gets SMS outside of quiet hours, as one who chose nothing."""


async def seed_channels(env: Environment, demo: Mapping[str, Any]) -> bool:
    """Have some citizens choose the channels that are connected; False where they did already, or none is connected."""
    part, connected = f"{demo['histories']['seed_id']}:channels", connected_channels(env)
    async with env.store.read_transaction() as tx:
        if not connected or await seeds.is_seeded(tx, part):
            return False
        citizens = (await cast_of(tx, demo)).citizens
    for person in (one for one in demo["people"] if one["key"] in WANTED):
        subject, channels = citizen_subject(citizens[person["key"]]), WANTED[person["key"]] & connected
        await choose_message_settings(
            env, subject, channels=sorted(channels), quiet_from=0, quiet_until=0, key=env.ids.key()
        )
        if MessageChannel.EMAIL in channels:
            await _confirm_email(env, subject, person["email"])
    async with env.store.write_transaction() as tx:
        await seeds.mark(tx, part)
    return True


async def _confirm_email(env: Environment, subject: Subject, address: str) -> None:
    """Have a code sent and tell it, before the worker carries it: one that was used goes nowhere."""
    await set_email(env, subject, SetEmail(address, None, env.ids.key()))
    table = sent_codes.codes_table.c
    mine = sa.select(table.id).where(table.citizen_id == subject.person_id, table.used_at.is_(None))
    async with env.store.read_transaction() as tx:
        code = await sent_codes.get(tx, (await tx.connection.execute(mine)).scalar_one())
    await set_email(env, subject, SetEmail(address, code.content["code"] if code else None, env.ids.key()))
