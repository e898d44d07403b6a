"""The certificates with which we sign files for PFMS, and those whose signatures we accept.

Of several keys the first signs what is new. The others stay on the ring until the last file that they signed is final,
so that such a file can be made again, octet by octet, while the keys change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from domain.payments.files import AnswersSigned
from integrations.dbt_finance.pfms.models import Trust
from integrations.dbt_finance.pfms.signing import FileSigner


@dataclass(frozen=True, slots=True)
class PfmsPapers:
    """Our signing keys, and the certificates (PEM) of PFMS and of the sponsor banks."""

    signer: FileSigner = field(repr=False)
    pfms: tuple[str, ...] = field(repr=False)
    banks: tuple[str, ...] = field(repr=False)
    others: tuple[FileSigner, ...] = field(repr=False, default=())
    """Keys that sign nothing new: earlier ones, and the next one until PFMS has taken its certificate."""
    answers_signed: AnswersSigned = AnswersSigned.IF_PRESENT
    apbs_credits_final: bool = False

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the onboarding file; raises KeyError or ValueError where a needed part is missing or spoilt."""
        return cls(
            signer=FileSigner(str(given["signing_key"]), str(given["signing_certificate"])),
            pfms=tuple(str(pem) for pem in given["pfms_certificates"]),
            banks=tuple(str(pem) for pem in given["bank_certificates"]),
            others=tuple(
                FileSigner(str(each["signing_key"]), str(each["signing_certificate"]))
                for each in given.get("other_signers", ())
            ),
            apbs_credits_final=bool(given.get("apbs_credits_final", False)),
        )

    @property
    def ring(self) -> tuple[FileSigner, ...]:
        """Every key that we hold, the one that signs what is new first."""
        return (self.signer, *self.others)

    def signers_of(self, fingerprint: str | None) -> tuple[FileSigner, ...]:
        """The keys that may have signed a file: the one of its certificate, or each where nobody noted which."""
        return tuple(each for each in self.ring if fingerprint in {None, each.fingerprint})

    def trust(self, at: datetime) -> Trust:
        """Whose signatures count at an instant."""
        return Trust(self.pfms, self.banks, at, self.answers_signed, self.apbs_credits_final)
