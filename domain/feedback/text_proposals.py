"""Texts of messages that an administrator wants published: a second one confirms them, and they have their day."""

from dataclasses import dataclass
from datetime import date, datetime

from domain.catalogue.definitions import DraftState


@dataclass(frozen=True, slots=True)
class TextProposal:
    """The texts of one event from a day on; without `document` those of the state's package hold again.

    It is WAITING, CONFIRMED or REFUSED. In force is the confirmed one whose day came last. `document` is the file of
    the event (docs/message_texts.md) as JSON; its `dlt` has the texts that operators registered, by template.
    """

    id: str
    event: str
    document: str | None
    state: DraftState
    publish_on: date
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
