"""Returns the PFMS partner, or fails where none is configured."""

from actions.kernel import Environment
from domain.payments.files import BatchKind
from integrations.dbt_finance.pfms import Pfms
from integrations.dbt_finance.pfms.models import FileKind
from store.database import require_there

FILE_KINDS = {BatchKind.BENEFICIARY: FileKind.BENEFICIARIES, BatchKind.PAYMENT: FileKind.PAYMENTS}
"""The folder of each kind of batch."""


def pfms(env: Environment) -> Pfms:
    """The way to PFMS; raises store.database.errors.NotThere where there is none."""
    return require_there(env.partners.pfms, "the way to PFMS")
