"""With what we sign files for PFMS, and whose signatures we take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from integrations.dbt_finance.pfms_models import Trust
from integrations.dbt_finance.pfms_signing import FileSigner


@dataclass(frozen=True, slots=True)
class PfmsPapers:
    """Our enrolled signing key, and the certificates (PEM) of PFMS and of the sponsor banks."""

    signer: FileSigner = field(repr=False)
    pfms: tuple[str, ...] = field(repr=False)
    banks: tuple[str, ...] = field(repr=False)

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the onboarding file; raises KeyError or ValueError where a needed part is missing or spoilt."""
        return cls(
            signer=FileSigner(str(given["signing_key"]), str(given["signing_certificate"])),
            pfms=tuple(str(pem) for pem in given["pfms_certificates"]),
            banks=tuple(str(pem) for pem in given["bank_certificates"]),
        )

    def trust(self, at: datetime) -> Trust:
        """Whose signatures count at an instant."""
        return Trust(self.pfms, self.banks, at)
