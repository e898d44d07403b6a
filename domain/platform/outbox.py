"""What operators are told of the outbox: how the messages of a topic stand, and what a message may be shown as."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

HIDDEN = "(hidden)"
_KEY = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


class MessageCondition(StrEnum):
    """How a message that is not delivered stands."""

    WAITING = "WAITING"
    RETRYING = "RETRYING"
    """It failed and is tried again by itself."""
    DEAD = "DEAD"
    """It is tried again only where somebody asks for it."""
    PARKED = "PARKED"
    """Somebody put it aside."""


@dataclass(frozen=True, slots=True)
class TopicCounts:
    """What is not delivered of a topic, by condition, and since when the oldest that is due waits."""

    topic: str
    counts: Mapping[MessageCondition, int]
    oldest_at: datetime | None


def shown_payload(payload: Mapping[str, Any]) -> dict[str, str]:
    """A payload as it may be shown: only the keys of rows as they are, everything else by its name alone."""
    return {
        name: str(value) if name.endswith("_id") and _KEY.fullmatch(str(value)) else HIDDEN
        for name, value in sorted(payload.items())
    }
