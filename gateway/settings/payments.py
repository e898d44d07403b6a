"""Settings of payment files for PFMS: transport, batch times and sizes."""

import re
from datetime import time
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from domain.payments.files import AnswersSigned, PaymentRules, Transport

_TIME = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_DAYS = re.compile(r"(0[1-9]|1[0-2])-[0-3][0-9]/(0[1-9]|1[0-2])-[0-3][0-9]")


class PfmsWay(BaseModel):
    """The way to PFMS (docs/payments.md)."""

    transport: Transport = Field(
        default=Transport.SFTP,
        description="How files are transferred: `SFTP`, or `REST`, for which `client_id` and `client_secret` come "
        "from onboarding. Files that were sent by the other transport stay with it (`former_url`).",
        json_schema_extra={"production": "as the address of PFMS: sftp or https"},
    )
    former_url: str | None = Field(
        default=None,
        description="The address of the transport used before (`sftp://…` or `https://…`), as long as files sent by "
        "it are not final: their answers are fetched there. Onboarding provides what both transports "
        "need.",
        json_schema_extra={"production": "of the other way: https or sftp, and no sandbox"},
    )
    answers_signed: AnswersSigned = Field(
        default=AnswersSigned.IF_PRESENT,
        description="Whether the answers of PFMS and the banks must be signed: `required`; `if_present`, by which a "
        "signature that is there must be good; `none`, by which none is looked at. With an unsigned file the host key "
        "or TLS, the login and the folder are the only proof of who wrote it: ask PFMS, and set `required` where it "
        "signs.",
    )
    client_certificate_file: Path | None = Field(
        default=None,
        description="Over REST: a PEM file with our client certificate (mutual TLS) and its intermediate "
        "certificates. Read at the start; `apuni dbt signers` shows when it expires.",
    )
    client_key_file: Path | None = Field(
        default=None, description="A PEM file with the key of `client_certificate_file`, without a passphrase."
    )
    ca_file: Path | None = Field(
        default=None,
        description="Over REST: a PEM file with the only authorities, or the only certificate, trusted for PFMS. If "
        "unset, the roots trusted for every system.",
    )


class PaymentFiles(BaseModel):
    """Files to PFMS and back (docs/payments.md)."""

    times: list[_TIME] = Field(
        default=["10:30", "13:30", "16:30"],
        min_length=1,
        max_length=48,
        description="The batch times of a day, in India, as a JSON list.",
    )
    lines_per_file: int = Field(default=2_000, ge=1, le=10_000, description="Maximum number of lines of a file.")
    frozen: list[str] = Field(
        default=["03-28/03-31"],
        description="Days of each year on which no batch is made, as a JSON list of MM-DD/MM-DD, while the treasury "
        "closes its year.",
    )
    look_seconds: float | None = Field(
        default=None,
        gt=0,
        description="Seconds between two checks of a worker for answers and batch times. If unset, 5 in the demo and "
        "60 in production.",
    )
    answer_days: int = Field(
        default=90,
        ge=30,
        description="Days for which the content of an answer is kept; its name and hash are never deleted.",
    )
    enquiries_an_hour: int = Field(
        default=120_000,
        ge=60,
        le=1_000_000,
        description="Maximum number of payments queried from the state treasury in an hour, each by up to four calls."
        " If it is below the number of open orders, each is queried less often than hourly.",
    )
    approval_days: int = Field(
        default=7,
        ge=1,
        le=60,
        description="Working days that an order to the state treasury may be under way, the approval by its spending "
        "unit included, before it is a case (TOO_LONG_IN_FLIGHT).",
    )
    correction_days: int = Field(
        default=90,
        ge=0,
        description="Days after an order to the state treasury in which a failed payment of it goes to the corrected "
        "account as a correction; over the turn of the financial year until 30 April. Afterwards it is a new order.",
    )
    enquiries_at_once: int = Field(
        default=8,
        ge=1,
        le=20,
        description="Payments queried at the same time, each by one call after the other; citizens' own queries share "
        "the system's limit of 20 calls.",
    )

    @field_validator("frozen")
    @classmethod
    def _are_days(cls, value: list[str]) -> list[str]:
        if not all(_DAYS.fullmatch(each) for each in value):
            raise PydanticCustomError("days", "Input should be days such as 03-28/03-31")
        return value

    def seconds(self, *, demo: bool) -> float:
        """Seconds between two looks."""
        return self.look_seconds or (5.0 if demo else 60.0)

    def rules(self) -> PaymentRules:
        """As the domain wants them."""
        given = self.model_dump(exclude={"look_seconds"})
        given["times"] = tuple(time.fromisoformat(each) for each in self.times)
        given["frozen"] = tuple((each[:5], each[6:]) for each in self.frozen)
        return PaymentRules(**given)
