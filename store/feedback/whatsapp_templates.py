"""What WhatsApp said last of each registered text of ours, of our number and our account."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from domain.feedback.whatsapp import TemplateState
from store.database import Key, Records, Transaction
from store.database.metadata import table_of

templates_table = table_of(
    TemplateState,
    "whatsapp_templates",
    sa.Column("name", Key, primary_key=True),
    sa.Column("language", Key, primary_key=True),
)
_TEMPLATES = Records(TemplateState, templates_table, "the template")


async def note(tx: Transaction, told: Sequence[TemplateState]) -> None:
    """Note what was told of texts; what is older than what is known changes nothing."""
    if not told:
        return
    known = {(one.name, one.language): one for one in await all_states(tx)}
    changed = dict[tuple[str, str], TemplateState]()
    for one in told:
        of = one.name, one.language
        changed[of] = one.join(changed.get(of) or known.get(of))
    await _TEMPLATES.upsert(tx, changed.values(), keys=("name", "language"))


async def all_states(tx: Transaction) -> Iterable[TemplateState]:
    """All that was told, account and numbers first."""
    ordered = sa.select(templates_table).order_by(templates_table.c.language, templates_table.c.name)
    return await _TEMPLATES.select_all(tx, ordered)


async def needing_attention(tx: Transaction) -> Iterable[TemplateState]:
    """What somebody must look at."""
    return [one for one in await all_states(tx) if one.needs_attention(tx.clock.now())]
