"""The access table, cell by cell: what is not granted is denied."""

import itertools
from dataclasses import replace

import pytest

from domain.identity.policy import TABLE, ObjectKind, Purpose, Relation, Resource, decide, purpose_for
from domain.kernel import ANONYMOUS, SYSTEM, PersonKind, Posting, Role, Subject

CITIZEN = "citizen-1"
POSTED = ("revenue-department", "49", "304")


def subject(
    role: Role, *, person: str = "somebody", place: tuple[str | None, str | None, str | None] = POSTED
) -> Subject:
    posting = Posting(role, *place)
    return Subject(frozenset({role}), PersonKind.OFFICER, person, (posting,), on_behalf_of=None)


def resource(kind: ObjectKind, citizen: str | None = CITIZEN) -> Resource:
    return Resource(kind, "object-1", citizen, *POSTED, place="school-1")


GRANTED: dict[Relation | None, set[str]] = {
    None: set(),
    Relation.ANY: {"owner", "helper", "keeper", "keeper elsewhere", "posted here", "posted elsewhere"},
    Relation.OWN: {"owner"},
    Relation.ASSISTED: {"helper"},
    Relation.JURISDICTION: {"posted here"},
    Relation.HELD: set(),
    Relation.ASSIGNED: set(),
    Relation.APPEALED: set(),
    Relation.PLACED: {"keeper"},
}


@pytest.mark.parametrize("role", Role)
def test_each_cell_says_yes_only_to_the_relation_it_asks_for(role: Role):
    askers = {
        "owner": Subject(frozenset({role}), PersonKind.CITIZEN, CITIZEN),
        "helper": Subject(frozenset({role}), PersonKind.OPERATOR, "helper", on_behalf_of=CITIZEN),
        "keeper": Subject(frozenset({role}), PersonKind.OPERATOR, "keeper", places=frozenset({"school-1", "camp-1"})),
        "keeper elsewhere": Subject(frozenset({role}), PersonKind.OPERATOR, "other", places=frozenset({"school-2"})),
        "posted here": subject(role),
        "posted elsewhere": subject(role, place=("revenue-department", "50", "354")),
    }
    for kind, purpose in itertools.product(ObjectKind, Purpose):
        allowed = {name for name, asker in askers.items() if decide(asker, resource(kind), purpose)}
        assert allowed == GRANTED[TABLE.get((role, kind, purpose))], (kind, purpose)


@pytest.mark.parametrize("kind", [ObjectKind.APPLICATION, ObjectKind.CERTIFICATE])
def test_the_commission_reads_a_case_for_an_appeal_that_reached_it_or_a_stated_inquiry_alone(kind: ObjectKind):
    commission, case = subject(Role.COMMISSION, place=(None, None, None)), resource(kind)

    assert purpose_for(commission, case) is None
    assert purpose_for(commission, replace(case, stated=Purpose.SUPERVISE)) is None
    assert purpose_for(commission, replace(case, stated=Purpose.INQUIRY)) is Purpose.HEAR_APPEAL
    assert purpose_for(commission, replace(case, appealed=True)) is Purpose.HEAR_APPEAL


def test_nobody_sees_anything_without_signing_in():
    assert not any(decide(ANONYMOUS, resource(kind), purpose) for kind in ObjectKind for purpose in Purpose)
    assert not ANONYMOUS.signed_in


def test_a_posting_must_be_of_the_role_that_asks():
    officer = Subject(
        frozenset({Role.OFFICER, Role.APPELLATE}), PersonKind.OFFICER, "o", (Posting(Role.APPELLATE, *POSTED),)
    )
    assert not decide(officer, resource(ObjectKind.APPLICATION), Purpose.DECIDE)
    assert decide(officer, resource(ObjectKind.APPLICATION), Purpose.HEAR_APPEAL)


@pytest.mark.parametrize(
    ("posting", "covers"),
    [
        ((None, None, None), True),
        (("revenue-department", None, None), True),
        (("revenue-department", "49", None), True),
        (("revenue-department", "49", "304"), True),
        ((None, "49", None), True),
        (("social-welfare-development", None, None), False),
        (("revenue-department", "50", None), False),
        (("revenue-department", "49", "303"), False),
    ],
)
def test_a_posting_reaches_as_far_as_it_says(posting: tuple[str | None, str | None, str | None], covers: bool):
    assert decide(subject(Role.OFFICER, place=posting), resource(ObjectKind.APPLICATION), Purpose.DECIDE) is covers


def test_an_object_without_an_owner_is_nobodys_own():
    owner = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, None)
    assert not decide(owner, resource(ObjectKind.APPLICATION, citizen=None), Purpose.VIEW)


def test_the_purpose_of_a_read_follows_from_who_reads():
    case = resource(ObjectKind.APPLICATION)
    assert purpose_for(Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, CITIZEN), case) is Purpose.VIEW
    assert purpose_for(subject(Role.OFFICER), case) is Purpose.DECIDE
    assert purpose_for(subject(Role.APPELLATE), case) is Purpose.HEAR_APPEAL
    assert purpose_for(subject(Role.AUDITOR), case) is None
    assert purpose_for(SYSTEM, case) is Purpose.VIEW


def test_what_is_assigned_is_hers_alone():
    visit = Resource(ObjectKind.VISIT, "v", CITIZEN, *POSTED, person_id="agent-1")
    roles = frozenset({Role.DOORSTEP_AGENT})
    assert decide(Subject(roles, PersonKind.OPERATOR, "agent-1"), visit, Purpose.DELIVER)
    assert not decide(Subject(roles, PersonKind.OPERATOR, "agent-2"), visit, Purpose.DELIVER)
    assert not decide(Subject(roles, PersonKind.OPERATOR, None), resource(ObjectKind.VISIT), Purpose.DELIVER)


def test_only_the_citizen_views_a_visit_and_with_it_the_code():
    viewers = {role for role, kind, purpose in TABLE if (kind, purpose) == (ObjectKind.VISIT, Purpose.VIEW)}
    assert viewers == {Role.CITIZEN, Role.SYSTEM}
