"""The register of centres, listed for administrators and auditors."""

from collections.abc import Sequence
from dataclasses import dataclass

from actions.kernel import Environment
from actions.kernel.access import require_operations
from domain.catalogue.centres import Centre, CentreKind
from domain.identity.policy import ObjectKind
from domain.kernel import Subject
from store.catalogue import centres
from store.database import StoredList


@dataclass(frozen=True, slots=True)
class CentreFilter:
    """Which centres are listed."""

    kind: CentreKind | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A centre with the number of its operators."""

    centre: Centre
    operators: int


def register_of(subject: Subject, wanted: CentreFilter) -> StoredList[Centre]:
    """The register by code. Raises NotSignedIn, NOT_FOUND for others than administrators and auditors."""
    require_operations(subject, ObjectKind.CENTRE)
    return centres.register(wanted.kind, wanted.district)


async def with_operators(env: Environment, found: Sequence[Centre]) -> list[Listed]:
    """Centres, each with the number of its operators."""
    working = await env.store.read(lambda tx: centres.operators_in(tx, [centre.code for centre in found]))
    return [Listed(centre, working.get(centre.code, 0)) for centre in found]
