"""What PFMS has agreed for each scheme, and the forms of our files that it wants.

Source: docs/contracts/dbt_finance.md sections 2.4 and 2.7.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Self

from domain.kernel import paise_from_rupees

_HUNDRED = 10_000
"""Hundredths of a percent in the whole."""
_TYPES = re.compile(r"Cash|Kind|Other|[0-9]{1,6}")
_CODE = re.compile(r"[A-Za-z0-9]{0,35}")


@dataclass(frozen=True, slots=True)
class CentralShare:
    """What of a payment is the Centre's money: so many hundredths of a percent, or so many paise at most."""

    hundredths: int = 0
    paise: int = 0

    def part_of(self, amount_paise: int) -> int:
        """The Centre's part of an amount in paise; a half paisa counts as one. The rest is the state's."""
        if self.hundredths:
            return (amount_paise * self.hundredths + _HUNDRED // 2) // _HUNDRED
        return min(self.paise, amount_paise)

    @property
    def is_whole(self) -> bool:
        """Whether the Centre pays all of it."""
        return self.hundredths == _HUNDRED

    @classmethod
    def from_onboarding(cls, given: str | Mapping[str, Any]) -> Self:
        """`central`, `state`, `{"central_percent": "60"}` or `{"central_rupees": "200.00"}`; raises ValueError."""
        if given == "central":
            return cls(hundredths=_HUNDRED)
        if given == "state":
            return cls()
        if not isinstance(given, Mapping) or len(given) != 1:
            raise ValueError("the share of a scheme is central, state, a percentage or an amount of the Centre")
        if "central_percent" in given:
            hundredths = int(Decimal(str(given["central_percent"])) * 100)
            if not 0 < hundredths < _HUNDRED:
                raise ValueError("a percentage lies between 0 and 100")
            return cls(hundredths=hundredths)
        return cls(paise=paise_from_rupees(str(given["central_rupees"])))


@dataclass(frozen=True, slots=True)
class SchemeTerms:
    """The terms of one scheme at PFMS.

    `mission_code` is the scheme's code at the DBT Mission (`PmtAuthCtre`), for money of the Centre. `authorisation` is
    the treasury's token for money of the state (`PmtAuthPrvc`); without one each batch is its own bill. `purpose` is a
    number of PFMS (`Purp/Cd`), `beneficiary_type` a word or a number of it (`Tp`); `title` and `remark` may be empty.
    """

    share: CentralShare
    purpose: str
    mission_code: str = ""
    authorisation: str = ""
    beneficiary_type: str = "Cash"
    title: str = ""
    remark: str = ""

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the terms; raises KeyError or ValueError where a needed part is missing or spoilt."""
        texts = ("purpose", "mission_code", "authorisation", "beneficiary_type", "title", "remark")
        own = cls(
            CentralShare.from_onboarding(given["share"]),
            **{"purpose": "", **{name: str(given[name]) for name in texts if name in given}},
        )
        codes = (own.purpose, own.mission_code, own.authorisation)
        if not own.purpose or not all(map(_CODE.fullmatch, codes)) or not _TYPES.fullmatch(own.beneficiary_type):
            raise ValueError("purpose, codes or type of a scheme")
        if own.share != CentralShare() and not own.mission_code:
            raise ValueError("money of the Centre needs the scheme's code at the DBT Mission")
        return own

    def authorised_by(self, batch_id: str) -> str:
        """The authority for the state's money in a batch; empty where there is none of it."""
        return "" if self.share.is_whole else self.authorisation or batch_id


@dataclass(frozen=True, slots=True)
class FileForms:
    """Where public files differ from each other: what PFMS wants of ours."""

    payment_receiver: str = "PFMS"
    """`Dest` of payment files: PFMS or CPSMS."""
    batch_as_organisation: bool = False
    """Whether `OrgId/Nm` of payment files is the batch's id; else it is the agency's name."""
    account_beside_creditor: bool = False
    """Whether `CdtrAcct` stands beside `Cdtr`; else in it."""
    bank_by_ifsc: bool = False
    """Whether `BICFI` is the IFSC and `BrnchId` its branch code; else the bank's name and the IFSC."""
    central_share_named: bool = False
    """Whether `CtreAmt` says 0.00 where nothing is the Centre's money; else it is empty."""
    whole_rupees: bool = False
    """Whether amounts without paise are written without decimals."""
    long_batch_ids: bool = False
    """Whether each batch has the id `CB<SSID><DDMMYY><NNNN>` or `CP<SSID><DDMMYY><NNNN>`."""

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the forms; raises ValueError for a receiver or a form that there is not."""
        receiver = str(given.get("payment_receiver", "PFMS"))
        flags = {name: bool(value) for name, value in given.items() if name != "payment_receiver"}
        if receiver not in {"PFMS", "CPSMS"} or not set(flags) <= {each.name for each in fields(cls)}:
            raise ValueError("payments go to PFMS or CPSMS, in forms that there are")
        return cls(receiver, **flags)
