"""Devices on which the app of a citizen takes push messages."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.kernel import Language

MOST_DEVICES = 10
"""So many devices of one person take messages: those that were seen last."""
LONGEST_TOKEN, LONGEST_APP = 1_000, 100
"""Characters of what names a device at its provider, and of the name of its app."""
UNSEEN_FOR = timedelta(days=270)
"""A device whose app was not opened for so long takes none (docs/contracts/messages.md section 6.1)."""


class PushPlatform(StrEnum):
    """By whom a device is reached."""

    ANDROID = "ANDROID"
    """By FCM of Google."""
    IOS = "IOS"
    """By APNs of Apple."""


@dataclass(frozen=True, slots=True)
class PushDevice:
    """The app on one device, of the session in which it was registered; it takes messages while that session holds.

    `token` is what its provider knows it by, `language` that of the app. `last_seen_at` is when the app told us of it.
    """

    id: str
    citizen_id: str
    session_id: str
    platform: PushPlatform
    app: str
    language: Language
    token: str = field(repr=False)
    registered_at: datetime
    last_seen_at: datetime
