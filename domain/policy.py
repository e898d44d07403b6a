"""The one access table: role, kind of object, purpose; and the relation that each cell asks for.

`decide` is pure. `actions/access.py` loads the object, asks here and writes the receipt; nothing
else decides (DECISIONS.md, Rooms and paths).
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.people import Role, Subject


class ObjectKind(StrEnum):
    """Kinds of things that access is decided for."""

    CITIZEN = "CITIZEN"
    APPLICATION = "APPLICATION"
    CERTIFICATE = "CERTIFICATE"
    BENEFIT = "BENEFIT"
    DOCUMENT = "DOCUMENT"
    QUEUE = "QUEUE"
    COUNTS = "COUNTS"
    OPERATIONS = "OPERATIONS"


class Purpose(StrEnum):
    """The closed list of reasons for a read or a write (DPDP Rules 2025, Second Schedule)."""

    VIEW = "VIEW"
    APPLY = "APPLY"
    ASSIST = "ASSIST"
    DECIDE = "DECIDE"
    HEAR_APPEAL = "HEAR_APPEAL"
    COLLECT_FEE = "COLLECT_FEE"
    PAY_BENEFIT = "PAY_BENEFIT"
    ISSUE_TO_LOCKER = "ISSUE_TO_LOCKER"
    COUNT = "COUNT"
    AUDIT = "AUDIT"
    OPERATE = "OPERATE"


class Relation(StrEnum):
    """What must hold between the one who asks and the object."""

    ANY = "ANY"
    OWN = "OWN"
    ASSISTED = "ASSISTED"
    JURISDICTION = "JURISDICTION"


@dataclass(frozen=True, slots=True)
class Resource:
    """What is asked for, by what the decision depends on."""

    kind: ObjectKind
    id: str | None = None
    citizen_id: str | None = None
    department: str | None = None
    district: str | None = None
    tehsil: str | None = None


_K, _P, _R, _Role = ObjectKind, Purpose, Relation, Role
_CASE = (_K.APPLICATION, _K.CERTIFICATE, _K.BENEFIT, _K.DOCUMENT)

TABLE = MappingProxyType(
    {
        **{(_Role.CITIZEN, kind, _P.VIEW): _R.OWN for kind in (_K.CITIZEN, *_CASE)},
        (_Role.CITIZEN, _K.APPLICATION, _P.APPLY): _R.OWN,
        **{(_Role.OPERATOR, kind, _P.ASSIST): _R.ASSISTED for kind in (_K.CITIZEN, _K.APPLICATION)},
        (_Role.OPERATOR, _K.APPLICATION, _P.APPLY): _R.ASSISTED,
        (_Role.OPERATOR, _K.APPLICATION, _P.COLLECT_FEE): _R.ASSISTED,
        **{(_Role.OFFICER, kind, _P.DECIDE): _R.JURISDICTION for kind in (_K.CITIZEN, *_CASE, _K.QUEUE)},
        (_Role.OFFICER, _K.APPLICATION, _P.COLLECT_FEE): _R.JURISDICTION,
        **{(_Role.APPELLATE, kind, _P.HEAR_APPEAL): _R.JURISDICTION for kind in (_K.CITIZEN, *_CASE, _K.QUEUE)},
        **{(_Role.COMMISSION, kind, _P.HEAR_APPEAL): _R.ANY for kind in (_K.APPLICATION, _K.CERTIFICATE, _K.QUEUE)},
        (_Role.FINANCE_OFFICER, _K.BENEFIT, _P.PAY_BENEFIT): _R.JURISDICTION,
        (_Role.DIGILOCKER, _K.CERTIFICATE, _P.ISSUE_TO_LOCKER): _R.OWN,
        **{
            (role, _K.COUNTS, _P.COUNT): _R.ANY
            for role in (
                _Role.OFFICER,
                _Role.APPELLATE,
                _Role.COMMISSION,
                _Role.DEPARTMENT_ADMIN,
                _Role.FINANCE_OFFICER,
                _Role.AUDITOR,
                _Role.ADMIN,
                _Role.E_TAAL,
            )
        },
        (_Role.AUDITOR, _K.OPERATIONS, _P.AUDIT): _R.ANY,
        (_Role.ADMIN, _K.OPERATIONS, _P.OPERATE): _R.ANY,
        **{(_Role.SYSTEM, kind, purpose): _R.ANY for kind in _K for purpose in _P},
    }
)
"""A cell that is not here is denied."""


def decide(subject: Subject, resource: Resource, purpose: Purpose) -> bool:
    """Whether the subject may do this to that, by any role it holds."""
    return any(_allowed(subject, role, resource, purpose) for role in subject.roles)


def purpose_for(subject: Subject, resource: Resource) -> Purpose | None:
    """The first purpose under which the subject may read the resource, or None."""
    readable = (_P.VIEW, _P.ASSIST, _P.DECIDE, _P.HEAR_APPEAL, _P.PAY_BENEFIT, _P.ISSUE_TO_LOCKER, _P.COUNT, _P.AUDIT)
    return next((purpose for purpose in readable if decide(subject, resource, purpose)), None)


def _allowed(subject: Subject, role: Role, resource: Resource, purpose: Purpose) -> bool:
    relation = TABLE.get((role, resource.kind, purpose))
    match relation:
        case None:
            return False
        case Relation.ANY:
            return True
        case Relation.OWN:
            return resource.citizen_id is not None and resource.citizen_id == subject.person_id
        case Relation.ASSISTED:
            return resource.citizen_id is not None and resource.citizen_id == subject.on_behalf_of
        case Relation.JURISDICTION:
            return any(
                posting.role is role and posting.covers(resource.department, resource.district, resource.tehsil)
                for posting in subject.postings
            )
