"""Settings of sign-on: providers by role, lifetimes of device tokens, and the state's own apps."""

from types import MappingProxyType
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from domain.identity.sign_on import (
    CITIZEN_REFRESH_SECONDS,
    FEWEST_PAPERS_DRAWN,
    PAPERS_A_DAY,
    PAPERS_DRAWN_PERCENT,
    PROVIDERS,
    STAFF_REFRESH_SECONDS,
    SignOnRules,
)
from domain.kernel import PersonKind, Provider


class SignOn(BaseModel):
    """Providers by role, lifetimes of devices, and the app entries for telephones."""

    citizen: list[Provider] = Field(
        default=[Provider.MERI_PEHCHAAN, Provider.JAN_PARICHAY, Provider.E_PRAMAAN],
        description="The sign-in providers for citizens, as a JSON list of `MERI_PEHCHAAN`, `JAN_PARICHAY` and "
        "`E_PRAMAAN`; one that was not handed over is not offered.",
    )
    officer: list[Provider] = Field(
        default=[Provider.PARICHAY], description="The sign-in providers for officers: `PARICHAY`."
    )
    operator: list[Provider] = Field(
        default=[Provider.CSC_CONNECT, Provider.PARICHAY],
        description="The sign-in providers for operators: `CSC_CONNECT` (CSC), `PARICHAY` (e-District).",
    )
    citizen_refresh_days: int = Field(
        default=CITIZEN_REFRESH_SECONDS // 86_400,
        ge=1,
        le=90,
        description="Days for which a citizen's device may refresh its session without a new sign-in.",
    )
    staff_refresh_hours: int = Field(
        default=STAFF_REFRESH_SECONDS // 3_600,
        ge=1,
        le=24,
        description="Hours for which an officer's or operator's device may refresh its session without a new sign-in.",
    )
    papers_a_day: int = Field(
        default=PAPERS_A_DAY,
        ge=0,
        le=100,
        description="Signed papers by which one operator may begin to act for citizens in 24 hours; 0 for none.",
    )
    helpline: str | None = Field(
        default=None,
        pattern=r"^[0-9+ -]{3,20}$",
        description="The telephone of the helpline, as it is printed where an operator filed on a signed paper. If "
        "unset, the text names the other ways only.",
    )
    papers_drawn_percent: int = Field(
        default=PAPERS_DRAWN_PERCENT,
        ge=1,
        le=100,
        description="Of the signed papers of a day and office, the share in percent that is drawn for the district to "
        "look at.",
    )
    fewest_papers_drawn: int = Field(
        default=FEWEST_PAPERS_DRAWN,
        ge=1,
        le=100,
        description="The fewest that are drawn of them, or all where there are fewer.",
    )
    apple_app_ids: list[str] = Field(
        default_factory=list,
        description="Our apps for Apple's systems, as a JSON list of `<team>.<bundle>`, published at `/.well-"
        "known/apple-app-site-association`, so that sign-in links open them (ADR 0005).",
    )
    android_apps: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Our apps for Android, as a JSON object of package to SHA-256 fingerprints of its certificates, "
        "published at `/.well-known/assetlinks.json`.",
    )

    @model_validator(mode="after")
    def _vouch_for_them(self) -> Self:
        for kind, chosen in self._providers_by_kind().items():
            if not chosen <= PROVIDERS[kind]:
                known = ", ".join(sorted(PROVIDERS[kind]))
                raise PydanticCustomError(
                    "provider", "{kind} may sign in by {known} only", {"kind": kind, "known": known}
                )
        return self

    def rules(self) -> SignOnRules:
        """The same for the verbs."""
        return SignOnRules(
            providers=MappingProxyType(self._providers_by_kind()),
            citizen_refresh_seconds=self.citizen_refresh_days * 86_400,
            staff_refresh_seconds=self.staff_refresh_hours * 3_600,
            papers_a_day=self.papers_a_day,
            papers_drawn_percent=self.papers_drawn_percent,
            fewest_papers_drawn=self.fewest_papers_drawn,
            helpline=self.helpline,
        )

    def _providers_by_kind(self) -> dict[PersonKind, frozenset[Provider]]:
        given: dict[PersonKind, Any] = {
            PersonKind.CITIZEN: self.citizen,
            PersonKind.OFFICER: self.officer,
            PersonKind.OPERATOR: self.operator,
        }
        return {kind: frozenset(chosen) for kind, chosen in given.items()}
