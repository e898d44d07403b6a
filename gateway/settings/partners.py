"""Connection settings of one outside system."""

import json
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError


class Partner(BaseModel):
    """How one outside system is reached. `given` is what onboarding handed over; it never prints itself.

    `given_file` names a JSON file with the same content, for secrets that are mounted as files.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    base_url: str = Field(
        pattern=r"^(https?|sftp|smtp)://[^\s?#]+$",
        description="The address of the system; `sftp://host:port` only for PFMS over SFTP, "
        "`smtp://host:port` only for e-mail.",
        json_schema_extra={"production": "https (PFMS over SFTP: sftp, e-mail: smtp), and no sandbox"},
    )
    browser_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="The address for citizens' browsers, if it differs (sign-in providers).",
        json_schema_extra={"production": "https, and no sandbox"},
    )
    given: dict[str, Any] = Field(
        default_factory=dict,
        repr=False,
        description="The credentials and parameters from onboarding, as a JSON object. Secret.",
        json_schema_extra={"production": "this or `GIVEN_FILE`; not a sandbox's"},
    )
    given_file: Path | None = Field(
        default=None,
        description="A JSON file with the same content, for secrets that are mounted as files. `GIVEN` takes "
        "precedence.",
    )

    certificate_file: Path | None = Field(
        default=None,
        description="A PEM file with our certificate, and those between it and its root, for a system that wants one.",
    )
    key_file: Path | None = Field(default=None, description="A PEM file with the key of that certificate.")
    ca_file: Path | None = Field(
        default=None,
        description="A PEM file with the only authorities, or the only certificate, trusted at `BASE_URL`. If unset, "
        "the roots trusted for every system. For PFMS, `APUNI_PFMS__CA_FILE` takes precedence.",
    )

    def onboarding(self) -> dict[str, Any]:
        """What onboarding handed over; raises OSError or ValueError where the file cannot be read."""
        if self.given_file is None:
            return self.given
        content = json.loads(self.given_file.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 - the same for whoever reads the file
        return content | self.given


class SourceQuota(BaseModel):
    """What one day has for one outside system. Money is in paise; None is no bound."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calls_a_day: int | None = Field(default=None, ge=1)
    paise_a_call: int = Field(default=0, ge=0)
    paise_a_day: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _has_a_price(self) -> Self:
        if self.paise_a_day is not None and not self.paise_a_call:
            raise PydanticCustomError("price", "paise_a_day bounds nothing without paise_a_call")
        return self

    @property
    def most(self) -> int | None:
        """The calls that a day has, by number and by money."""
        bounds = [self.calls_a_day]
        if self.paise_a_day is not None:
            bounds.append(self.paise_a_day // self.paise_a_call)
        return min((bound for bound in bounds if bound is not None), default=None)
