"""Models of the wallet of centre operators (CSC Bridge)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from integrations.calling.onboarding import read_settings


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    """What the CSC merchant centre hands over for the wallet. `pay_url` is where a browser goes to pay."""

    merchant_id: str
    product_id: str
    pay_url: str
    pay_to_email: str
    private_key: RSAPrivateKey = field(repr=False)
    csc_key: RSAPublicKey = field(repr=False)
    head: str
    """The head of account that the merchant's receipts are booked to."""
    generation: Literal["v1", "v2"] = "v2"
    """Of the server-to-server API (docs/contracts/other_systems.md section 3.2)."""
    reference_digits: int = 6
    """How many digits CSC takes of our own number of a refund."""
    unknown_codes: frozenset[str] = frozenset()
    """`response_code` of an answer without an envelope that says that nobody came to pay."""
    refund_repeats: bool = False
    """Whether CSC says that it takes a repeated `refund/log` with the same number of ours once."""

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self | None:
        """Read the part `bridge` of the onboarding; None without one: then no wallet is offered.

        Raises KeyError for a missing part, ValueError for a spoilt key or a generation that is none.
        """
        own = given.get("bridge")
        if own is None:
            return None
        private = load_pem_private_key(str(own["private_key"]).encode(), None)
        public = load_pem_public_key(str(own["csc_key"]).encode())
        if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
            raise ValueError("RSA keys are needed")  # noqa: TRY004 - the same for whoever reads the file
        email = str(own.get("pay_to_email") or "NA")
        return read_settings(cls, own, pay_to_email=email, private_key=private, csc_key=public)


@dataclass(frozen=True, slots=True)
class WalletPayment:
    """A payment that an operator is sent to the wallet with."""

    reference: str
    at: datetime
    product_name: str
    amount_paise: int
    csc_id: str
    return_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class Refund:
    """A payment that is to go back to the wallet; `refund_reference` is ours and the same each time."""

    reference: str
    receipt: str
    refund_reference: str
    paise: int
    reason: str


class Outcome(StrEnum):
    """What CSC said when it was asked to give money back."""

    DONE = "DONE"
    ACCEPTED = "ACCEPTED"
    """It will be paid; `refund/status` tells when it is."""
    DECLINED = "DECLINED"
    UNCLEAR = "UNCLEAR"
    """It may have been taken or not."""


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """The outcome, and CSC's number for what goes back."""

    outcome: Outcome
    reference: str = ""
