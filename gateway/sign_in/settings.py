"""What the composition root decides about sign-in."""

from dataclasses import dataclass

from actions.sign_in import SESSION_SECONDS


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """`session_seconds` is 3600 in the demo profile and 600 in production.

    `app_links` are redirects of our own apps, claimed by them (RFC 8252 section 7.2), compared letter for letter.
    """

    session_seconds: int = SESSION_SECONDS
    app_links: frozenset[str] = frozenset()
