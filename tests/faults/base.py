"""What every adapter of the fault matrix has in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

import httpx

from actions.identity.sign_in_guards import challenge_of
from domain.kernel import Source
from integrations.calling.policies import CallPolicy
from tests.faults.site import GATEWAY, Line, Site, a_line

VERIFIER = "v" * 64
BROWSER = "http://partner.test"
NEEDS = ("body", "signature", "token", "parts", "pages", "owner")
"""What a fault may need of an answer."""
NOT_SIGNED = "this answer is not signed"
ONE_RECORD = "one record, no list"
CLIENT_CREDENTIALS = "it carries the credentials of the client, and no token that ends"
UNSIGNED_RECORD = {"signature": NOT_SIGNED, "token": CLIENT_CREDENTIALS, "parts": ONE_RECORD, "pages": ONE_RECORD}
"""Why faults of these are left out of an answer about one thing, which the client's own credentials get."""
POOL = 24
"""Codes and tokens, good for one use each, that are got before a fault is set."""


class Adapter(ABC):
    """One call of one client. `policies` are those it runs under, the first decides what is kept.

    `tells` are the faults that can be seen at all in its answers: `body`, `signature`, `token`, `parts`,
    `pages`, `owner`. `why_not` says for each of the others why it is left out; the report prints it.
    """

    name: ClassVar[str]
    system: ClassVar[str]
    source: ClassVar[Source]
    policies: ClassVar[tuple[CallPolicy, ...]]
    tells: ClassVar[frozenset[str]]
    why_not: ClassVar[Mapping[str, str]]

    def __init__(self, site: Site) -> None:
        self.site = site

    async def prepare(self) -> None:  # noqa: B027 - most calls need nothing
        """Get ready for one cell, while the system is well."""

    @abstractmethod
    def client(self, line: Line) -> Any:
        """The gateway's client over a line."""

    @abstractmethod
    async def ask(self, client: Any, number: int) -> Any:
        """Ask as the citizen of that number; what comes is compared with what a healthy system says."""

    def line(self) -> AbstractAsyncContextManager[Line]:
        """A line to the healthy system, for what is prepared."""
        return a_line(self.site, self.source)

    @property
    def app(self) -> httpx.AsyncClient:
        """The sandbox, asked without a socket."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.site.app), base_url=BROWSER)


def callback_of(slug: str) -> str:
    return f"{GATEWAY}/sign-in/callback/{slug}"


def asked_for(slug: str) -> dict[str, str]:
    return {
        "state": "s-1",
        "nonce": "n-1",
        "code_challenge": challenge_of(VERIFIER),
        "redirect_uri": callback_of(slug),
        "language": "en",
    }
