"""The context of one request: viewer, language, and the sources used for the response."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias, TypeVar

import strawberry

from actions.kernel import Environment
from actions.platform.change_feed import Feed
from domain.applications.applications import Channel
from domain.kernel import Language, LanguageNotSpoken, Subject, spoken_languages
from domain.platform.switches import Switchboard
from integrations.calling.monitor import SourceMonitor
from schema.kernel.loaders import Loader, Loaders
from schema.kernel.source_usage import SourceUsage

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Signals:
    """What the answer's headers must say; set by mutations, read by the gateway afterwards."""

    replayed: bool = False
    """An earlier answer was given again: `Idempotency-Replayed: true`."""


@dataclass(frozen=True)
class Context:
    """Made by the gateway for each operation; loaders and ledger must never be shared between two."""

    request_id: str
    subject: Subject
    language: Language
    environment: Environment
    monitor: SourceMonitor
    idempotency_key: str | None = None
    """The `Idempotency-Key` header, where one was sent."""
    client: str = ""
    """What identifies one client, its address; it is counted, never stored."""
    agent: str | None = None
    """What the caller's program calls itself: what machines ask is not counted."""
    channel: Channel = Channel.WEB
    """By which way the caller came in."""
    switches: Switchboard = field(default_factory=Switchboard)
    """Which mutations and systems are switched off, as this process last read it."""
    cost_limit: int | None = None
    """Points that one operation may cost; None for no limit."""
    throttle: Mapping[str, float] | None = None
    """What the caller's rate leaves her, as `extensions.cost.throttleStatus` tells it."""
    federation: bool = True
    """Whether `_entities` and `_service` may be asked: in production by a router that proved itself alone."""
    router: bool = False
    """Whether a router that proved itself asks: it may send its own documents where only published ones are taken."""
    feed: Feed | None = None
    """What tells of changes; there is one where subscriptions are served."""
    resume: str | None = None
    """The cursor of the last event that a reader has, where its transport tells it (Last-Event-ID)."""
    signals: Signals = field(default_factory=Signals)
    sources: SourceUsage = field(init=False)
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", SourceUsage(self.environment.clock))
        object.__setattr__(self, "loaders", Loaders(self.environment, self.subject))

    def load(self, loader: Loader[K, V], key: K) -> Awaitable[V]:
        """The value of a key, loaded together with those that are asked for beside it."""
        return self.loaders[loader].load(key)

    @property
    def the_feed(self) -> Feed:
        """What tells of changes; raises LookupError in a process that serves no subscriptions."""
        if self.feed is None:
            raise LookupError("this process serves no subscriptions")
        return self.feed


Info: TypeAlias = strawberry.Info[Context, None]
"""What resolvers take."""


InLanguage: TypeAlias = Annotated[
    Language | None, strawberry.argument(description="The language to answer in; else that of the request.")
]
"""The `language` argument of fields that people read."""


def require_signed_in(info: Info) -> Subject:
    """Who asks; raises NotSignedIn where nobody is signed in."""
    info.context.subject.require_signed_in()
    return info.context.subject


def field_language(info: Info, language: Language | None) -> Language:
    """The language of a field: its argument, else the request's. Raises LanguageNotSpoken."""
    if language is not None and language not in spoken_languages():
        raise LanguageNotSpoken
    return language or info.context.language
