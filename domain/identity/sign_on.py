"""Rules, adjustable by settings, for which provider authenticates whom and how long a device stays signed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.kernel import PersonKind, Provider

PROVIDERS: Mapping[PersonKind, frozenset[Provider]] = {
    PersonKind.CITIZEN: frozenset({Provider.MERI_PEHCHAAN, Provider.JAN_PARICHAY, Provider.E_PRAMAAN}),
    PersonKind.OFFICER: frozenset({Provider.PARICHAY}),
    PersonKind.OPERATOR: frozenset({Provider.CSC_CONNECT, Provider.PARICHAY}),
}
"""Whom each provider can vouch for at all (ADR 0020); settings may choose fewer."""

CITIZEN_REFRESH_SECONDS = 30 * 86_400
STAFF_REFRESH_SECONDS = 12 * 3_600
"""How long a device may refresh its session without a new sign-in: an officer's or operator's for one working day."""

PAPERS_A_DAY = 10
PAPERS_DRAWN_PERCENT, FEWEST_PAPERS_DRAWN = 10, 2


@dataclass(frozen=True, slots=True)
class SignOnRules:
    """Providers by the kind of person, life of a signed-in device in seconds, and help by signed paper."""

    providers: Mapping[PersonKind, frozenset[Provider]] = field(default_factory=lambda: PROVIDERS)
    citizen_refresh_seconds: int = CITIZEN_REFRESH_SECONDS
    staff_refresh_seconds: int = STAFF_REFRESH_SECONDS
    papers_a_day: int = PAPERS_A_DAY
    """Signed papers by which one operator may begin to act for citizens in 24 hours."""
    helpline: str | None = None
    """Its telephone, as it is printed; None where none is known."""
    papers_drawn_percent: int = PAPERS_DRAWN_PERCENT
    """Of the signed papers by which was filed with one office on one day, the share that the district looks at."""
    fewest_papers_drawn: int = FEWEST_PAPERS_DRAWN

    def offers(self, provider: Provider) -> bool:
        """Whether anybody may sign in with the provider."""
        return any(provider in chosen for chosen in self.providers.values())

    def admits(self, kind: PersonKind, provider: Provider) -> bool:
        """Whether a person of that kind may sign in with the provider."""
        return provider in self.providers.get(kind, frozenset())

    def refresh_seconds(self, kind: PersonKind) -> int:
        """How long a device of such a person may refresh."""
        return self.citizen_refresh_seconds if kind is PersonKind.CITIZEN else self.staff_refresh_seconds
