"""Identifies the caller without the store: by the signature of the token, else by the address.

It decides the rate and the share of a request and nothing else. Whether a session still holds, and what its person
may do, is asked of the store when the context is made.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from domain.kernel import PersonKind
from domain.kernel.networks import network_of
from gateway.http.admission import Share

MOST_KNOWN = 4096
"""Callers that are remembered, so that a signature is checked once for many requests."""

REMEMBERED_SECONDS = 60.0
"""How long; a token that ends meanwhile is refused when the context is made."""


class CallerKind(StrEnum):
    """The classes of callers, as rates and metrics know them."""

    ANONYMOUS = "anonymous"
    CITIZEN = "citizen"
    OFFICER = "officer"
    OPERATOR = "operator"
    PARTNER = "partner"
    ROUTER = "router"


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller. `key` is a digest, by which no person and no address is found."""

    kind: CallerKind
    key: str

    @property
    def share(self) -> Share:
        """The class in which this caller is let in. The service centres stand with the citizens."""
        return _SHARES.get(self.kind, Share.CITIZENS)

    @property
    def signed_in(self) -> bool:
        """Whether the token bore our signature."""
        return self.kind is not CallerKind.ANONYMOUS


ROUTER = Caller(CallerKind.ROUTER, "router")
"""A router in front of us that proved itself and forwards somebody without a session. All routers count as one."""

_SHARES = {
    CallerKind.ANONYMOUS: Share.STRANGERS,
    CallerKind.ROUTER: Share.STRANGERS,
    CallerKind.OFFICER: Share.OFFICERS,
    CallerKind.PARTNER: Share.PARTNERS,
}
_KINDS = {
    PersonKind.CITIZEN: CallerKind.CITIZEN,
    PersonKind.OFFICER: CallerKind.OFFICER,
    PersonKind.OPERATOR: CallerKind.OPERATOR,
}


def _plain_digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


class Callers:
    """Identifies callers.

    `person_of` gives the kind and the id of the person whom a token names, or None where its signature does not
    hold; it asks no store. `digest` makes a key of the caller's identifier.
    """

    def __init__(
        self,
        now: Callable[[], float],
        person_of: Callable[[str], tuple[PersonKind, str] | None] = lambda _: None,
        digest: Callable[[str], str] = _plain_digest,
    ) -> None:
        self._now = now
        self._person_of = person_of
        self._digest = digest
        self._known: OrderedDict[str, tuple[float, Caller]] = OrderedDict()

    def __call__(self, token: str | None, address: str | None) -> Caller:
        """The caller with this token, who comes from this address."""
        name = _plain_digest(f"{token}\n") if token else f"{address}"
        known = self._known.get(name)
        now = self._now()
        if known is not None and now < known[0]:
            self._known.move_to_end(name)
            return known[1]
        caller = self._identify_caller(token, address)
        if token and not caller.signed_in:
            return caller  # guessed tokens must not push out those that hold
        self._known[name] = (now + REMEMBERED_SECONDS, caller)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return caller

    def _identify_caller(self, token: str | None, address: str | None) -> Caller:
        person = self._person_of(token) if token else None
        if person is not None:
            return Caller(_KINDS[person[0]], self._digest(f"{person[0].value}:{person[1]}"))
        return Caller(CallerKind.ANONYMOUS, self._digest(network_of(address)))
