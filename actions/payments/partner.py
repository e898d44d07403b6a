"""The way to PFMS: its exchange of files, who we are there, and what we sign with; all or none."""

from dataclasses import dataclass

from actions.kernel.environment import Environment
from domain.payments.files import BatchKind, Transport
from integrations.dbt_finance.pfms.exchange import FileExchange
from integrations.dbt_finance.pfms.models import FileKind, PfmsIdentity
from integrations.dbt_finance.pfms.papers import PfmsPapers
from store.database.errors import NotThere

FILE_KINDS = {BatchKind.BENEFICIARY: FileKind.BENEFICIARIES, BatchKind.PAYMENT: FileKind.PAYMENTS}
"""The folder of each kind of batch."""


@dataclass(frozen=True, slots=True)
class Pfms:
    """PFMS as the environment holds it."""

    exchange: FileExchange
    way: Transport
    former: FileExchange | None
    identity: PfmsIdentity
    papers: PfmsPapers

    @property
    def exchanges(self) -> tuple[FileExchange, ...]:
        """Every way that is connected, the present one first."""
        return (self.exchange,) if self.former is None else (self.exchange, self.former)

    def by(self, way: Transport | None) -> FileExchange | None:
        """The exchange by a way, the present one where nobody noted which; None where it is not connected."""
        return self.exchange if way in {None, self.way} else self.former

    def agency_name(self, code: str) -> str:
        """The name of an agency, by its code at PFMS."""
        known = (self.identity.agency, *self.identity.agencies.values())
        return next((each.name for each in known if each.code == code), self.identity.agency.name)


def connected(env: Environment) -> Pfms | None:
    """The way to PFMS, or None where this installation has none."""
    there = env.partners
    exchange, way, identity, papers = there.pfms, there.pfms_way, there.pfms_identity, there.pfms_papers
    if exchange is None or way is None or identity is None or papers is None:
        return None
    return Pfms(exchange, way, there.pfms_former, identity, papers)


def pfms(env: Environment) -> Pfms:
    """The way to PFMS; raises store.database.errors.NotThere where there is none."""
    found = connected(env)
    if found is None:
        raise NotThere("the way to PFMS")
    return found
