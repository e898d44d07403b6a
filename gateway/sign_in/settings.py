"""Settings of sign-in, as the composition root sets them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from actions.identity.sign_in import SESSION_SECONDS


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """`session_seconds` is 3600 in the demo profile and 600 in production.

    `app_links` are redirects of our own apps, claimed by them (RFC 8252 section 7.2), compared letter for letter.
    """

    session_seconds: int = SESSION_SECONDS
    app_links: frozenset[str] = frozenset()
    apple_app_ids: tuple[str, ...] = ()
    android_apps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The entries for our apps in the files at `/.well-known/`, so that their links open them (ADR 0005)."""

    @property
    def app_paths(self) -> tuple[str, ...]:
        """The paths of this host that our apps claim: those of the registered app links."""
        paths = {urlsplit(link).path or "/" for link in self.app_links if link.startswith("https://")}
        return tuple(sorted(paths))
