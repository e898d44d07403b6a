"""Keeps what this process lately read of citizens' sessions, so that a burst of requests reads a row once."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.kernel import Clock, Language, Subject

HOLDS_SECONDS = 1.0
"""How long a session may be gone by as it was read: another process may have ended it since."""

IDLE_SECONDS = 30.0
MOST_KEPT = 4096


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person of a session, with the language that a citizen has saved; None for others."""

    subject: Subject
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session as it was read at `read_at`, on the monotonic clock. `ends_at` is when its token ends by itself.

    `keys` are those of which one had signed the token: with other keys its signature is checked again.
    """

    person: SignedIn
    ends_at: datetime
    keys: object
    read_at: float


class VerifiedTokens:
    """The claims of the last tokens whose signature was found good, by a digest of the token, with the key."""

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._kept: dict[bytes, tuple[object, Mapping[str, Any]]] = {}

    def find(self, digest: bytes, key: object) -> Mapping[str, Any] | None:
        """The claims that this very key has signed, where they are kept."""
        found = self._kept.get(digest)
        return found[1] if found is not None and found[0] is key else None

    def keep(self, digest: bytes, key: object, claims: Mapping[str, Any]) -> None:
        """Keep them; the oldest go first."""
        self._kept[digest] = (key, claims)
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]


class KeptSessions:
    """Sessions by a digest of their token, those not used for longest forgotten first.

    Nothing is kept before somebody keeps them true: `watched` says that `drop` is called for each change that this
    process commits, and `confirm` again and again with what the store says.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, tuple[KeptSession, float]] = OrderedDict()
        self.watched = False
        self.changes = 0
        """How often something was dropped; what was read before the last time is not kept."""

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, digest: bytes, keys: object, clock: Clock) -> SignedIn | None:
        """The person of a token, where its session surely held within the last second."""
        found = self._kept.get(digest)
        now = clock.monotonic()
        if found is None or now - found[0].read_at > HOLDS_SECONDS:
            return None
        if found[0].keys is not keys or found[0].ends_at <= clock.now():
            del self._kept[digest]
            return None
        self._kept[digest] = (found[0], now)
        self._kept.move_to_end(digest)
        return found[0].person

    def keep(self, digest: bytes, session: KeptSession, changes: int) -> None:
        """Keep a session that was read when `changes` were counted, unless something changed since."""
        if not self.watched or changes != self.changes:
            return
        self._kept[digest] = (session, session.read_at)
        self._kept.move_to_end(digest)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, ids: Collection[str]) -> None:
        """Forget the sessions of these ids, and those of the persons of these ids."""
        self.changes += 1
        for digest, (kept, _) in list(self._kept.items()):
            subject = kept.person.subject
            if subject.session_id in ids or subject.person_id in ids:
                del self._kept[digest]

    def session_ids(self, now: float) -> set[str]:
        """The sessions that were lately used; the others are forgotten."""
        for digest, (_, used_at) in list(self._kept.items()):
            if now - used_at <= IDLE_SECONDS:
                break
            del self._kept[digest]
        return {kept.person.subject.session_id or "" for kept, _ in self._kept.values()}

    def confirm(self, asked: Collection[str], holding: Mapping[str, Language | None], at: float) -> None:
        """Take over that of the sessions that were asked for at an instant these hold, with these languages."""
        for digest, (kept, used_at) in list(self._kept.items()):
            session_id = kept.person.subject.session_id or ""
            if session_id not in asked:
                continue
            if holding.get(session_id, kept) == kept.person.language:
                self._kept[digest] = (replace(kept, read_at=max(at, kept.read_at)), used_at)
            else:
                del self._kept[digest]
