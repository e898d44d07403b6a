"""The access control table: role, kind of object and purpose, and the relation that each cell requires.

`decide` is pure. `actions/kernel/access.py` loads the object, asks here and writes the receipt; nothing
else decides (ADR 0012).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import product
from typing import Any, Protocol, Self

from domain.appeals.appeals import LEVELS, AppealLevel
from domain.kernel import PEOPLE, Posting, Role, Subject


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
    DEFINITION = "DEFINITION"
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
    TRAINING = "TRAINING"
    CONVERSATION = "CONVERSATION"
    EVENT_RECEIVER = "EVENT_RECEIVER"
    APP = "APP"


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
    APPEALED = "APPEALED"
    """An appeal about it reached the Commission, or an inquiry was stated as the purpose."""
    PLACED = "PLACED"
    """Of the school or camp in which the operator works."""


class Placed(Protocol):
    """What a citizen, a department and a district have to do with; some of it belongs to a tehsil too."""

    @property
    def citizen_id(self) -> str | None:
        """Whose it is."""

    @property
    def department(self) -> str | None:
        """The department's slug."""

    @property
    def district(self) -> str | None:
        """The district's code."""


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
    """The purpose that was stated for a read outside one's own queue, or beside an appeal; receipts bear it."""
    person_id: str | None = None
    draft: bool = False
    """Not handed in yet: the citizen's own business, also where an officer would have the jurisdiction."""
    service: str | None = None
    """The service of an application, which an operator's consent and an officer's post may be limited to."""
    level: AppealLevel | None = None
    """The level of an appeal that is to be acted on; None for a read."""
    application_id: str | None = None
    """The application that it is, or came of."""
    begun_at: datetime | None = None
    """When the application that it is, or hangs on, was begun."""
    appealed: bool = False
    """An appeal about the application reached the Commission."""
    place: str | None = None
    """The school or camp of a roster, by its code in the register of centres."""

    @classmethod
    def of(cls, kind: ObjectKind, thing_id: str | None, thing: Placed, **more: Any) -> Self:
        """What access to a thing depends on by its own fields: whose it is, its department and its place."""
        more = {"application_id": getattr(thing, "application_id", None), **more}
        tehsil = getattr(thing, "tehsil", None)
        return cls(kind, thing_id, thing.citizen_id, thing.department, thing.district, tehsil, **more)

    @classmethod
    def of_post(cls, kind: ObjectKind, post: Posting, thing_id: str | None = None, **more: Any) -> Self:
        """A thing of that kind as a post reaches it: of its department and place, and of one of its services."""
        service = post.services[0] if post.services else None
        return cls(kind, thing_id, None, post.department, post.district, post.tehsil, service=service, **more)


_K, _P, _R, _Role = ObjectKind, Purpose, Relation, Role
_OWN = (_P.VIEW, _P.APPLY)
_CASE = (_K.APPLICATION, _K.CERTIFICATE, _K.BENEFIT, _K.DOCUMENT)
_OFFICES = (_Role.OFFICER, _Role.APPELLATE, _Role.DEPARTMENT_ADMIN)
_KEEPERS = (_Role.PRINCIPAL, _Role.CAMP_OFFICER)
_OPERATORS = (_Role.OPERATOR, _Role.DOORSTEP_AGENT, *_KEEPERS)
_SUPERVISORS = (_Role.COMMISSION, _Role.FINANCE_OFFICER, _Role.AUDITOR, _Role.ADMIN)

Cells = dict[tuple[Role, ObjectKind, Purpose], Relation]


def _cells(
    relation: Relation, roles: Role | Iterable[Role], kinds: ObjectKind | Iterable[ObjectKind], *purposes: Purpose
) -> Cells:
    """A cell of the table for each of these roles, kinds and purposes."""
    roles = (roles,) if isinstance(roles, Role) else roles
    kinds = (kinds,) if isinstance(kinds, ObjectKind) else kinds
    return dict.fromkeys(product(roles, kinds, purposes), relation)


_CARE = {
    **_cells(_R.OWN, _Role.CITIZEN, (_K.FEEDBACK, _K.GRIEVANCE, _K.SUGGESTION, _K.VISIT), *_OWN),
    **_cells(_R.ASSISTED, _Role.OPERATOR, (_K.GRIEVANCE, _K.VISIT), _P.APPLY, _P.ASSIST),
    **_cells(_R.ASSISTED, _Role.OPERATOR, _K.VISIT, _P.COLLECT_FEE),
    **_cells(_R.ASSIGNED, _Role.DOORSTEP_AGENT, _K.VISIT, _P.DELIVER, _P.COLLECT_FEE),
    **_cells(_R.JURISDICTION, _Role.OFFICER, _K.VISIT, _P.DECIDE, _P.COLLECT_FEE),
    **_cells(_R.JURISDICTION, _OFFICES, _K.GRIEVANCE, _P.RESPOND),
    **_cells(_R.ASSIGNED, (_Role.OFFICER, _Role.APPELLATE), _K.SUGGESTION, *_OWN),
    **_cells(_R.JURISDICTION, _Role.DEPARTMENT_ADMIN, (_K.FEEDBACK, _K.SUGGESTION), _P.RESPOND),
    **_cells(_R.JURISDICTION, _Role.DEPARTMENT_ADMIN, _K.RATING, _P.AUDIT),
    **_cells(_R.ANY, _Role.AUDITOR, _K.RATING, _P.AUDIT),
    **_cells(_R.JURISDICTION, _Role.HELPLINE, _K.CONVERSATION, _P.RESPOND),
}
"""Feedback, grievances, suggestions, doorstep visits and conversations. Only a citizen has VIEW of a visit, and with it
the code. A conversation that was handed over shows of her applications what tracking shows: numbers, states and dates;
and which notices about them reached her, which the helpline may send again.
"""

_CONSENTS = {
    **_cells(_R.OWN, _Role.CITIZEN, _K.CONSENT, *_OWN),
    **_cells(_R.ASSISTED, _Role.OPERATOR, _K.CONSENT, _P.ASSIST),
}
"""A consent is given and withdrawn by the citizen alone; an operator who may act may request and see it."""

_SIGN_ON = {
    **_cells(_R.ASSIGNED, _Role.OPERATOR, _K.ASSISTANCE, *_OWN),
    **_cells(_R.JURISDICTION, _Role.OFFICER, _K.ASSISTANCE, _P.DECIDE, _P.SUPERVISE),
    **_cells(_R.JURISDICTION, _Role.APPELLATE, _K.ASSISTANCE, _P.HEAR_APPEAL, _P.SUPERVISE),
    **_cells(_R.OWN, _Role.CITIZEN, (_K.ASSISTANCE, _K.ACCOUNT, _K.RECORD_CLAIM), *_OWN),
    **_cells(_R.JURISDICTION, _Role.OFFICER, _K.RECORD_CLAIM, _P.DECIDE),
    **_cells(_R.ASSIGNED, (_Role.CITIZEN, *_OPERATORS, *_OFFICES, *_SUPERVISORS), _K.DEVICE, *_OWN),
    **_cells(_R.ASSIGNED, (_Role.HELPLINE, _Role.DEVELOPER), _K.DEVICE, *_OWN),
    **_cells(_R.ASSIGNED, _Role.DEVELOPER, _K.APP, *_OWN),
    **_cells(_R.ANY, _Role.ADMIN, _K.CENTRE, _P.OPERATE),
    **_cells(_R.ANY, _Role.AUDITOR, _K.CENTRE, _P.AUDIT),
}
"""Requests to act are the operator's own; accounts are the citizen's alone; a device belongs to who signed in, an
app to the developer who registered it.

A signed paper is opened by those who decide what was filed on it, and looked at by those of the whole district.
Who claims a record that others entered shows herself to an officer of the place where it was entered.
"""

_FIGURES = {
    **_cells(_R.JURISDICTION, _OFFICES, (_K.CASE_LIST, _K.DELAY_REASON), _P.SUPERVISE),
    **_cells(_R.ANY, (_Role.COMMISSION, _Role.AUDITOR), (_K.CASE_LIST, _K.DELAY_REASON), _P.SUPERVISE),
    **_cells(_R.JURISDICTION, _OFFICES, _K.DELAY_REASON, _P.RESPOND),
    **_cells(_R.ASSIGNED, (*_OFFICES, *_SUPERVISORS), _K.SAVED_VIEW, *_OWN),
}
"""Lists of cases behind figures, which say nothing of the citizen; reasons of delays; views of one's own."""

_ROSTERS = {
    **_cells(_R.PLACED, _KEEPERS, (_K.ROSTER, _K.ROSTER_ROW), *_OWN, _P.DELIVER),
    **_cells(_R.ASSISTED, _KEEPERS, _K.APPLICATION, _P.APPLY, _P.COLLECT_FEE, _P.DELIVER),
    **_cells(_R.JURISDICTION, _Role.OFFICER, _K.ROSTER, _P.DECIDE),
}
"""Rosters: their rows are seen in their own school or camp alone. An officer sees which rosters there are and how far
they have come; what she may know of a person is in the application.

Nobody's session acts for the person of a row: only the filing and the hand-over of that row do, by its consent.
"""

_FEES = {
    **_cells(_R.OWN, _Role.CITIZEN, _K.FEE_ORDER, _P.VIEW),
    **_cells(_R.ASSISTED, _Role.OPERATOR, _K.FEE_ORDER, _P.ASSIST),
    **_cells(_R.JURISDICTION, _Role.OFFICER, _K.FEE_ORDER, _P.DECIDE),
    **_cells(_R.JURISDICTION, _Role.FINANCE_OFFICER, _K.FEE_ORDER, _P.PAY_BENEFIT),
    **_cells(_R.ANY, _Role.AUDITOR, _K.FEE_ORDER, _P.AUDIT),
}
"""Orders to pay a fee, without the payer's name: the citizen's own, and of the place that the officer works for."""

_FINANCE = {
    **_cells(_R.JURISDICTION, _Role.FINANCE_OFFICER, (_K.FINANCE_CASE, _K.FINANCE_BOOK), _P.PAY_BENEFIT),
    **_cells(_R.ANY, _Role.AUDITOR, (_K.FINANCE_CASE, _K.FINANCE_BOOK), _P.AUDIT),
}
"""Cases of money, and the books of what was paid: batches, queues, totals, reconciliations. An auditor only reads."""

_TRAINING = {
    **_cells(_R.ASSIGNED, (*_OPERATORS, *_OFFICES, *_SUPERVISORS), _K.TRAINING, *_OWN),
    **_cells(_R.JURISDICTION, (_Role.APPELLATE, _Role.DEPARTMENT_ADMIN), _K.TRAINING, _P.SUPERVISE),
    **_cells(_R.ANY, _Role.ADMIN, _K.TRAINING, _P.SUPERVISE),
}
"""Attempts at exercises of training: one's own, and for heads of offices those of their places."""

_NOTICES = {
    **_cells(_R.OWN, _Role.CITIZEN, _K.NOTICE, *_OWN),
    **_cells(_R.ANY, _Role.ADMIN, _K.NOTICE, _P.OPERATE),
}
"""Messages are for the citizen alone; an administrator tries a channel with a message that is nobody's notice."""

_UPLOADS = {
    **_cells(_R.OWN, _Role.CITIZEN, _K.UPLOAD, *_OWN),
    **_cells(_R.ASSISTED, _Role.OPERATOR, _K.UPLOAD, _P.ASSIST),
    **_cells(_R.ASSIGNED, (*_OPERATORS, *_OFFICES, _Role.COMMISSION), _K.UPLOAD, *_OWN),
}
"""Uploaded files: one's own, and for an operator those of the citizen being served."""

_LAW = {
    **_cells(_R.OWN, _Role.CITIZEN, _K.APPEAL, *_OWN),
    **_cells(_R.ASSISTED, _Role.OPERATOR, _K.APPEAL, _P.ASSIST, _P.APPLY),
    **_cells(_R.JURISDICTION, _Role.OFFICER, _K.APPEAL, _P.DECIDE),
    **_cells(_R.JURISDICTION, _Role.APPELLATE, _K.APPEAL, _P.HEAR_APPEAL),
    **_cells(_R.ANY, _Role.COMMISSION, (_K.APPEAL, _K.AWARD), _P.HEAR_APPEAL),
    **_cells(_R.JURISDICTION, _Role.FINANCE_OFFICER, _K.AWARD, _P.PAY_BENEFIT),
    **_cells(_R.JURISDICTION, _Role.DEPARTMENT_ADMIN, _K.AWARD, _P.RESPOND),
    **_cells(_R.OWN, _Role.CITIZEN, _K.CLEARANCE, _P.VIEW),
    **_cells(_R.JURISDICTION, _Role.OFFICER, _K.CLEARANCE, _P.DECIDE),
    **_cells(_R.HELD, _Role.APPELLATE, _K.CLEARANCE, _P.DECIDE),
    **_cells(_R.JURISDICTION, _Role.DEPARTMENT_ADMIN, (_K.POSTING, _K.DEFINITION, _K.EVENT_RECEIVER), _P.OPERATE),
    **_cells(_R.ANY, _Role.ADMIN, (_K.POSTING, _K.DEFINITION, _K.EVENT_RECEIVER), _P.OPERATE),
}
"""Appeals, clearances of other departments, who is posted where, the definitions of a department's services, and the
systems that are told of its events."""

TABLE: Mapping[tuple[Role, ObjectKind, Purpose], Relation] = {
    **_cells(_R.OWN, _Role.CITIZEN, (_K.CITIZEN, *_CASE), _P.VIEW),
    **_cells(_R.OWN, _Role.CITIZEN, (_K.APPLICATION, _K.BENEFIT, _K.DOCUMENT), _P.APPLY),
    **_cells(_R.ASSISTED, _Role.OPERATOR, (_K.CITIZEN, _K.APPLICATION), _P.ASSIST),
    **_cells(_R.ASSISTED, _Role.OPERATOR, _K.APPLICATION, _P.APPLY, _P.COLLECT_FEE),
    **_cells(_R.JURISDICTION, _Role.OFFICER, (_K.CITIZEN, *_CASE, _K.QUEUE), _P.DECIDE),
    **_cells(_R.JURISDICTION, _Role.OFFICER, _K.APPLICATION, _P.COLLECT_FEE),
    **_cells(_R.JURISDICTION, _Role.APPELLATE, (_K.CITIZEN, *_CASE, _K.QUEUE), _P.HEAR_APPEAL),
    **_cells(_R.HELD, _Role.APPELLATE, _K.APPLICATION, _P.DECIDE),
    **_cells(_R.APPEALED, _Role.COMMISSION, (_K.APPLICATION, _K.CERTIFICATE), _P.HEAR_APPEAL),
    **_cells(_R.JURISDICTION, _Role.FINANCE_OFFICER, _K.BENEFIT, _P.PAY_BENEFIT),
    **_cells(_R.OWN, _Role.DIGILOCKER, _K.CERTIFICATE, _P.ISSUE_TO_LOCKER),
    **_cells(_R.OWN, _Role.API_SETU, _K.CERTIFICATE, _P.SHARE_WITH_CONSENT),
    **_cells(_R.ANY, (*_OFFICES, *_SUPERVISORS, _Role.E_TAAL), _K.COUNTS, _P.COUNT),
    **_cells(_R.ANY, _Role.ADMIN, (_K.COUNTS, _K.OPERATIONS), _P.OPERATE),
    **_cells(_R.ANY, _Role.AUDITOR, _K.OPERATIONS, _P.AUDIT),
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
    **_TRAINING,
    **_cells(_R.ANY, _Role.SYSTEM, _K, *_P),
}
"""A cell that is not here is denied."""


_SEE_DRAFTS = frozenset({Role.CITIZEN, Role.OPERATOR, Role.SYSTEM})


def decide(subject: Subject, resource: Resource, purpose: Purpose) -> bool:
    """Whether the subject may do this to that, by any role it holds."""
    return any(_is_allowed(subject, role, resource, purpose) for role in subject.roles)


def roles_for(kind: ObjectKind, purposes: Iterable[Purpose]) -> list[Role]:
    """The roles of people that may do one of this to some things of that kind, in the order of the list of roles."""
    wanted = tuple(purposes)
    return [role for role in Role if role in PEOPLE and any((role, kind, one) in TABLE for one in wanted)]


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
        case Relation.ANY | Relation.APPEALED:
            opened = relation is Relation.ANY or resource.appealed or resource.stated is Purpose.INQUIRY
            return opened and (role is not Role.COMMISSION or resource.level in (None, AppealLevel.COMMISSION))
        case Relation.OWN:
            return resource.citizen_id is not None and resource.citizen_id == subject.person_id
        case Relation.ASSISTED:
            hers = resource.citizen_id is not None and resource.citizen_id == subject.on_behalf_of
            ours = subject.assisted_service in (None, resource.service or subject.assisted_service)
            return hers and ours and (subject.filing_since is None or _is_new(subject.filing_since, resource, purpose))
        case Relation.ASSIGNED | Relation.PLACED:
            mine = subject.places if relation is Relation.PLACED else {subject.person_id}
            named = resource.place if relation is Relation.PLACED else resource.person_id
            return named is not None and named in mine
        case Relation.JURISDICTION | Relation.HELD:
            hers = resource.officer_id is not None and resource.officer_id == subject.person_id
            return (hers or relation is Relation.JURISDICTION) and _has_posting(subject, role, resource)


def _is_new(since: datetime, resource: Resource, purpose: Purpose) -> bool:
    """Whether it is to be made, or hangs on an application that was begun since an instant."""
    if resource.begun_at is not None:
        return resource.begun_at >= since
    return purpose is Purpose.APPLY and resource.id in (None, resource.citizen_id)


def _has_posting(subject: Subject, role: Role, resource: Resource) -> bool:
    place = (resource.department, resource.district, resource.tehsil, resource.service)
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
