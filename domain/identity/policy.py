"""The access control table: role, kind of object and purpose, and the relation that each cell requires.

`decide` is pure. `actions/kernel/access.py` loads the object, asks here and writes the receipt; nothing
else decides (ADR 0012).
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol, Self

from domain.appeals.appeals import LEVELS, AppealLevel
from domain.kernel import Posting, Role, Subject


class ObjectKind(StrEnum):
    """Kinds of things that access is decided for."""

    CITIZEN = "CITIZEN"
    APPLICATION = "APPLICATION"
    CERTIFICATE = "CERTIFICATE"
    BENEFIT = "BENEFIT"
    DOCUMENT = "DOCUMENT"
    QUEUE = "QUEUE"
    FEEDBACK = "FEEDBACK"
    RATING = "RATING"
    GRIEVANCE = "GRIEVANCE"
    SUGGESTION = "SUGGESTION"
    VISIT = "VISIT"
    COUNTS = "COUNTS"
    APPEAL = "APPEAL"
    CLEARANCE = "CLEARANCE"
    POSTING = "POSTING"
    UPLOAD = "UPLOAD"
    NOTICE = "NOTICE"
    OPERATIONS = "OPERATIONS"
    CONSENT = "CONSENT"
    ASSISTANCE = "ASSISTANCE"
    ACCOUNT = "ACCOUNT"
    RECORD_CLAIM = "RECORD_CLAIM"
    DEVICE = "DEVICE"
    CENTRE = "CENTRE"
    CASE_LIST = "CASE_LIST"
    DELAY_REASON = "DELAY_REASON"
    SAVED_VIEW = "SAVED_VIEW"
    AWARD = "AWARD"
    ROSTER = "ROSTER"
    ROSTER_ROW = "ROSTER_ROW"
    FINANCE_CASE = "FINANCE_CASE"
    FINANCE_BOOK = "FINANCE_BOOK"
    FEE_ORDER = "FEE_ORDER"


class Purpose(StrEnum):
    """The closed list of reasons for a read or a write (DPDP Rules 2025, Second Schedule)."""

    VIEW = "VIEW"
    APPLY = "APPLY"
    ASSIST = "ASSIST"
    DECIDE = "DECIDE"
    HEAR_APPEAL = "HEAR_APPEAL"
    COLLECT_FEE = "COLLECT_FEE"
    RESPOND = "RESPOND"
    DELIVER = "DELIVER"
    PAY_BENEFIT = "PAY_BENEFIT"
    ISSUE_TO_LOCKER = "ISSUE_TO_LOCKER"
    SHARE_WITH_CONSENT = "SHARE_WITH_CONSENT"
    COUNT = "COUNT"
    AUDIT = "AUDIT"
    OPERATE = "OPERATE"
    # Reads of a case that is assigned to a colleague (domain.officers.desk.ReadPurpose).
    COVER_COLLEAGUE = "COVER_COLLEAGUE"
    SECOND_OPINION = "SECOND_OPINION"
    CITIZEN_REQUEST = "CITIZEN_REQUEST"
    SUPERVISE = "SUPERVISE"
    INQUIRY = "INQUIRY"


class Relation(StrEnum):
    """The relation required between the subject and the object."""

    ANY = "ANY"
    OWN = "OWN"
    ASSISTED = "ASSISTED"
    ASSIGNED = "ASSIGNED"
    JURISDICTION = "JURISDICTION"
    HELD = "HELD"
    """In the officer's jurisdiction, and the case is assigned to the officer by name."""
    PLACED = "PLACED"
    """Of the school or camp in which the operator works."""


class Placed(Protocol):
    """What a citizen, a department and a district have to do with; some of it belongs to a tehsil too."""

    @property
    def citizen_id(self) -> str | None:
        """Whose it is."""
        ...

    @property
    def department(self) -> str | None:
        """The department's slug."""
        ...

    @property
    def district(self) -> str | None:
        """The district's code."""
        ...


@dataclass(frozen=True, slots=True)
class Resource:
    """The requested object, with the properties on which the decision depends.

    `person_id` is the member of staff whose own it is: the agent of a visit, the officer of a suggestion.
    """

    kind: ObjectKind
    id: str | None = None
    citizen_id: str | None = None
    department: str | None = None
    district: str | None = None
    tehsil: str | None = None
    officer_id: str | None = None
    """The officer to whom the case is assigned."""
    stated: Purpose | None = None
    """The purpose that was stated for a read outside one's own queue; receipts bear it."""
    person_id: str | None = None
    draft: bool = False
    """Not handed in yet: the citizen's own business, also where an officer would have the jurisdiction."""
    service: str | None = None
    """The service of an application, which the consent given to an operator may be limited to."""
    level: AppealLevel | None = None
    """The level of an appeal that is to be acted on; None for a read."""
    place: str | None = None
    """The school or camp of a roster, by its code in the register of centres."""

    @classmethod
    def of(cls, kind: ObjectKind, thing_id: str | None, thing: Placed, **more: Any) -> Self:
        """What access to a thing depends on by its own fields: whose it is, its department and its place."""
        tehsil = getattr(thing, "tehsil", None)
        return cls(kind, thing_id, thing.citizen_id, thing.department, thing.district, tehsil, **more)


_K, _P, _R, _Role = ObjectKind, Purpose, Relation, Role
_CASE = (_K.APPLICATION, _K.CERTIFICATE, _K.BENEFIT, _K.DOCUMENT)
_CARED = (_K.FEEDBACK, _K.GRIEVANCE, _K.SUGGESTION, _K.VISIT)

_CARE = {
    **{(_Role.CITIZEN, kind, purpose): _R.OWN for kind in _CARED for purpose in (_P.VIEW, _P.APPLY)},
    **{(_Role.OPERATOR, kind, _P.APPLY): _R.ASSISTED for kind in (_K.GRIEVANCE, _K.VISIT)},
    **{(_Role.OPERATOR, kind, _P.ASSIST): _R.ASSISTED for kind in (_K.GRIEVANCE, _K.VISIT)},
    (_Role.OPERATOR, _K.VISIT, _P.COLLECT_FEE): _R.ASSISTED,
    (_Role.DOORSTEP_AGENT, _K.VISIT, _P.DELIVER): _R.ASSIGNED,
    (_Role.DOORSTEP_AGENT, _K.VISIT, _P.COLLECT_FEE): _R.ASSIGNED,
    (_Role.OFFICER, _K.VISIT, _P.DECIDE): _R.JURISDICTION,
    (_Role.OFFICER, _K.VISIT, _P.COLLECT_FEE): _R.JURISDICTION,
    **{
        (role, _K.GRIEVANCE, _P.RESPOND): _R.JURISDICTION
        for role in (_Role.OFFICER, _Role.APPELLATE, _Role.DEPARTMENT_ADMIN)
    },
    **{
        (role, _K.SUGGESTION, purpose): _R.ASSIGNED
        for role in (_Role.OFFICER, _Role.APPELLATE)
        for purpose in (_P.VIEW, _P.APPLY)
    },
    **{(_Role.DEPARTMENT_ADMIN, kind, _P.RESPOND): _R.JURISDICTION for kind in (_K.FEEDBACK, _K.SUGGESTION)},
    (_Role.DEPARTMENT_ADMIN, _K.RATING, _P.AUDIT): _R.JURISDICTION,
    (_Role.AUDITOR, _K.RATING, _P.AUDIT): _R.ANY,
}
"""Feedback, grievances, suggestions and doorstep visits. Only a citizen has VIEW of a visit, and with it the code."""

_CONSENTS = {
    **{(_Role.CITIZEN, _K.CONSENT, purpose): _R.OWN for purpose in (_P.VIEW, _P.APPLY)},
    (_Role.OPERATOR, _K.CONSENT, _P.ASSIST): _R.ASSISTED,
}
"""A consent is given and withdrawn by the citizen alone; an operator who may act may request and see it."""

_SIGN_ON = {
    **{(_Role.OPERATOR, _K.ASSISTANCE, purpose): _R.ASSIGNED for purpose in (_P.VIEW, _P.APPLY)},
    **{
        (_Role.CITIZEN, kind, purpose): _R.OWN
        for kind in (_K.ASSISTANCE, _K.ACCOUNT, _K.RECORD_CLAIM)
        for purpose in (_P.VIEW, _P.APPLY)
    },
    (_Role.OFFICER, _K.RECORD_CLAIM, _P.DECIDE): _R.JURISDICTION,
    **{
        (role, _K.DEVICE, purpose): _R.ASSIGNED
        for role in (
            _Role.CITIZEN,
            _Role.OPERATOR,
            _Role.DOORSTEP_AGENT,
            _Role.PRINCIPAL,
            _Role.CAMP_OFFICER,
            _Role.OFFICER,
            _Role.APPELLATE,
            _Role.COMMISSION,
            _Role.DEPARTMENT_ADMIN,
            _Role.FINANCE_OFFICER,
            _Role.AUDITOR,
            _Role.DEVELOPER,
            _Role.ADMIN,
        )
        for purpose in (_P.VIEW, _P.APPLY)
    },
    (_Role.ADMIN, _K.CENTRE, _P.OPERATE): _R.ANY,
    (_Role.AUDITOR, _K.CENTRE, _P.AUDIT): _R.ANY,
}
"""Requests to act are the operator's own; accounts are the citizen's alone; a device belongs to who signed in.

Who claims a record that others entered shows herself to an officer of the place where it was entered.
"""

_OFFICES = (_Role.OFFICER, _Role.APPELLATE, _Role.DEPARTMENT_ADMIN)

_FIGURES = {
    **{(role, kind, _P.SUPERVISE): _R.JURISDICTION for role in _OFFICES for kind in (_K.CASE_LIST, _K.DELAY_REASON)},
    **{(_Role.COMMISSION, kind, _P.SUPERVISE): _R.ANY for kind in (_K.CASE_LIST, _K.DELAY_REASON)},
    **{(_Role.AUDITOR, kind, _P.SUPERVISE): _R.ANY for kind in (_K.CASE_LIST, _K.DELAY_REASON)},
    **{(role, _K.DELAY_REASON, _P.RESPOND): _R.JURISDICTION for role in _OFFICES},
    **{
        (role, _K.SAVED_VIEW, purpose): _R.ASSIGNED
        for role in (*_OFFICES, _Role.COMMISSION, _Role.FINANCE_OFFICER, _Role.AUDITOR, _Role.ADMIN)
        for purpose in (_P.VIEW, _P.APPLY)
    },
}
"""Lists of cases behind figures, which say nothing of the citizen; reasons of delays; views of one's own."""

_ROSTERS = {
    **{
        (role, kind, purpose): _R.PLACED
        for role in (_Role.PRINCIPAL, _Role.CAMP_OFFICER)
        for kind in (_K.ROSTER, _K.ROSTER_ROW)
        for purpose in (_P.VIEW, _P.APPLY, _P.DELIVER)
    },
    **{
        (role, _K.APPLICATION, purpose): _R.ASSISTED
        for role in (_Role.PRINCIPAL, _Role.CAMP_OFFICER)
        for purpose in (_P.APPLY, _P.COLLECT_FEE, _P.DELIVER)
    },
    (_Role.OFFICER, _K.ROSTER, _P.DECIDE): _R.JURISDICTION,
}
"""Rosters: their rows are seen in their own school or camp alone. An officer sees which rosters there are and how far
they have come; what she may know of a person is in the application.

Nobody's session acts for the person of a row: only the filing and the hand-over of that row do, by its consent.
"""

_FEES = {
    (_Role.CITIZEN, _K.FEE_ORDER, _P.VIEW): _R.OWN,
    (_Role.OPERATOR, _K.FEE_ORDER, _P.ASSIST): _R.ASSISTED,
    (_Role.OFFICER, _K.FEE_ORDER, _P.DECIDE): _R.JURISDICTION,
    (_Role.FINANCE_OFFICER, _K.FEE_ORDER, _P.PAY_BENEFIT): _R.JURISDICTION,
    (_Role.AUDITOR, _K.FEE_ORDER, _P.AUDIT): _R.ANY,
}
"""Orders to pay a fee, without the payer's name: the citizen's own, and of the place that the officer works for."""

_FINANCE = {
    **{(_Role.FINANCE_OFFICER, kind, _P.PAY_BENEFIT): _R.JURISDICTION for kind in (_K.FINANCE_CASE, _K.FINANCE_BOOK)},
    **{(_Role.AUDITOR, kind, _P.AUDIT): _R.ANY for kind in (_K.FINANCE_CASE, _K.FINANCE_BOOK)},
}
"""Cases of money, and the books of what was paid: batches, queues, totals, reconciliations. An auditor only reads."""

_NOTICES = {(_Role.CITIZEN, _K.NOTICE, purpose): _R.OWN for purpose in (_P.VIEW, _P.APPLY)}
"""Messages are for the citizen alone."""

_UPLOADS = {
    **{(_Role.CITIZEN, _K.UPLOAD, purpose): _R.OWN for purpose in (_P.VIEW, _P.APPLY)},
    (_Role.OPERATOR, _K.UPLOAD, _P.ASSIST): _R.ASSISTED,
    **{
        (role, _K.UPLOAD, purpose): _R.ASSIGNED
        for role in (
            _Role.OPERATOR,
            _Role.DOORSTEP_AGENT,
            _Role.PRINCIPAL,
            _Role.CAMP_OFFICER,
            _Role.OFFICER,
            _Role.APPELLATE,
            _Role.COMMISSION,
            _Role.DEPARTMENT_ADMIN,
        )
        for purpose in (_P.VIEW, _P.APPLY)
    },
}
"""Uploaded files: one's own, and for an operator those of the citizen being served."""

_LAW = {
    (_Role.CITIZEN, _K.APPEAL, _P.VIEW): _R.OWN,
    (_Role.CITIZEN, _K.APPEAL, _P.APPLY): _R.OWN,
    (_Role.OPERATOR, _K.APPEAL, _P.ASSIST): _R.ASSISTED,
    (_Role.OPERATOR, _K.APPEAL, _P.APPLY): _R.ASSISTED,
    (_Role.OFFICER, _K.APPEAL, _P.DECIDE): _R.JURISDICTION,
    (_Role.APPELLATE, _K.APPEAL, _P.HEAR_APPEAL): _R.JURISDICTION,
    (_Role.COMMISSION, _K.APPEAL, _P.HEAR_APPEAL): _R.ANY,
    (_Role.FINANCE_OFFICER, _K.AWARD, _P.PAY_BENEFIT): _R.JURISDICTION,
    (_Role.DEPARTMENT_ADMIN, _K.AWARD, _P.RESPOND): _R.JURISDICTION,
    (_Role.COMMISSION, _K.AWARD, _P.HEAR_APPEAL): _R.ANY,
    (_Role.CITIZEN, _K.CLEARANCE, _P.VIEW): _R.OWN,
    (_Role.OFFICER, _K.CLEARANCE, _P.DECIDE): _R.JURISDICTION,
    (_Role.APPELLATE, _K.CLEARANCE, _P.DECIDE): _R.HELD,
    (_Role.DEPARTMENT_ADMIN, _K.POSTING, _P.OPERATE): _R.JURISDICTION,
    (_Role.ADMIN, _K.POSTING, _P.OPERATE): _R.ANY,
}
"""Appeals, clearances of other departments, and who is posted where."""

TABLE = MappingProxyType(
    {
        **{(_Role.CITIZEN, kind, _P.VIEW): _R.OWN for kind in (_K.CITIZEN, *_CASE)},
        **{(_Role.CITIZEN, kind, _P.APPLY): _R.OWN for kind in (_K.APPLICATION, _K.BENEFIT, _K.DOCUMENT)},
        **{(_Role.OPERATOR, kind, _P.ASSIST): _R.ASSISTED for kind in (_K.CITIZEN, _K.APPLICATION)},
        (_Role.OPERATOR, _K.APPLICATION, _P.APPLY): _R.ASSISTED,
        (_Role.OPERATOR, _K.APPLICATION, _P.COLLECT_FEE): _R.ASSISTED,
        **{(_Role.OFFICER, kind, _P.DECIDE): _R.JURISDICTION for kind in (_K.CITIZEN, *_CASE, _K.QUEUE)},
        (_Role.OFFICER, _K.APPLICATION, _P.COLLECT_FEE): _R.JURISDICTION,
        **{(_Role.APPELLATE, kind, _P.HEAR_APPEAL): _R.JURISDICTION for kind in (_K.CITIZEN, *_CASE, _K.QUEUE)},
        (_Role.APPELLATE, _K.APPLICATION, _P.DECIDE): _R.HELD,
        **{(_Role.COMMISSION, kind, _P.HEAR_APPEAL): _R.ANY for kind in (_K.APPLICATION, _K.CERTIFICATE, _K.QUEUE)},
        (_Role.FINANCE_OFFICER, _K.BENEFIT, _P.PAY_BENEFIT): _R.JURISDICTION,
        (_Role.DIGILOCKER, _K.CERTIFICATE, _P.ISSUE_TO_LOCKER): _R.OWN,
        (_Role.API_SETU, _K.CERTIFICATE, _P.SHARE_WITH_CONSENT): _R.OWN,
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
        (_Role.ADMIN, _K.COUNTS, _P.OPERATE): _R.ANY,
        (_Role.AUDITOR, _K.OPERATIONS, _P.AUDIT): _R.ANY,
        **_CARE,
        **_LAW,
        **_UPLOADS,
        **_NOTICES,
        **_CONSENTS,
        **_FIGURES,
        **_SIGN_ON,
        **_ROSTERS,
        **_FEES,
        **_FINANCE,
        (_Role.ADMIN, _K.OPERATIONS, _P.OPERATE): _R.ANY,
        **{(_Role.SYSTEM, kind, purpose): _R.ANY for kind in _K for purpose in _P},
    }
)
"""A cell that is not here is denied."""


_SEE_DRAFTS = frozenset({Role.CITIZEN, Role.OPERATOR, Role.SYSTEM})


def decide(subject: Subject, resource: Resource, purpose: Purpose) -> bool:
    """Whether the subject may do this to that, by any role it holds."""
    return any(_is_allowed(subject, role, resource, purpose) for role in subject.roles)


def purpose_for(subject: Subject, resource: Resource) -> Purpose | None:
    """The first purpose under which the subject may read the resource, or None."""
    readable = (
        _P.VIEW,
        _P.ASSIST,
        _P.DECIDE,
        _P.HEAR_APPEAL,
        _P.PAY_BENEFIT,
        _P.ISSUE_TO_LOCKER,
        _P.SHARE_WITH_CONSENT,
        _P.COUNT,
        _P.AUDIT,
        _P.RESPOND,
        _P.DELIVER,
    )
    return next((purpose for purpose in readable if decide(subject, resource, purpose)), None)


def _is_allowed(subject: Subject, role: Role, resource: Resource, purpose: Purpose) -> bool:
    relation = TABLE.get((role, resource.kind, purpose))
    if resource.draft and role not in _SEE_DRAFTS:
        return False
    match relation:
        case None:
            return False
        case Relation.ANY:
            return role is not Role.COMMISSION or resource.level in (None, AppealLevel.COMMISSION)
        case Relation.OWN:
            return resource.citizen_id is not None and resource.citizen_id == subject.person_id
        case Relation.ASSISTED:
            hers = resource.citizen_id is not None and resource.citizen_id == subject.on_behalf_of
            return hers and subject.assisted_service in (None, resource.service or subject.assisted_service)
        case Relation.ASSIGNED | Relation.PLACED:
            mine = subject.places if relation is Relation.PLACED else {subject.person_id}
            named = resource.place if relation is Relation.PLACED else resource.person_id
            return named is not None and named in mine
        case Relation.JURISDICTION | Relation.HELD:
            hers = resource.officer_id is not None and resource.officer_id == subject.person_id
            return (hers or relation is Relation.JURISDICTION) and _has_posting(subject, role, resource)


def _has_posting(subject: Subject, role: Role, resource: Resource) -> bool:
    place = (resource.department, resource.district, resource.tehsil)
    return any(
        posting.role is role and posting.covers(*place) and _of_level(subject, posting, resource)
        for posting in subject.postings
    )


def _of_level(subject: Subject, posting: Posting, resource: Resource) -> bool:
    """An appeal is acted on by the authority of its level, or by the one to whom it came from a vacant post."""
    if resource.level is None or posting.role is not Role.APPELLATE:
        return True
    held = resource.officer_id is not None and resource.officer_id == subject.person_id
    return held or (resource.level in LEVELS and posting.level is LEVELS[resource.level])
