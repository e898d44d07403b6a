"""In production only published operations are answered: what none of them asks for, no application can use."""

from collections.abc import Iterable
from functools import cache

import pytest
from graphql import (
    FieldNode,
    GraphQLObjectType,
    NoDeprecatedCustomRule,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    validate,
    visit,
)

from gateway.commands.operations import graph
from gateway.operations.screens import screens
from tests.authz import rows

SCHEMA = graph()._schema
VIEWERS = ("Citizen", "Officer", "Operator")
STAFF_APPS = ("admin_app", "officer_app", "operator_app")

FOR_NO_APP = {
    "Query._entities": "a router of the federation asks for it",
    "Query._service": "a router of the federation asks for it",
    "Officer.id": "nothing takes the id of the officer who is signed in; others name her by `officerId`",
}
"""What no operation needs to reach, and why. Viewers that are developers send documents of their own."""


class Reached(Visitor):
    """Collects the fields of a document, each as `Type.field`."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.fields: set[str] = set()
        self._types = types

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self._types.get_parent_type()
        assert parent is not None
        self.fields.add(f"{parent.name}.{node.name.value}")


@cache
def reached_by_app() -> dict[str, set[str]]:
    """The fields that the published operations of each application ask for."""
    found: dict[str, set[str]] = {}
    for screen in screens():
        types = TypeInfo(SCHEMA)
        fields = Reached(types)
        visit(parse(screen.operation.body), TypeInfoVisitor(types, fields))
        found.setdefault(screen.app, set()).update(fields.fields)
    return found


def reached(apps: Iterable[str] | None = None) -> set[str]:
    """The fields that all applications ask for together, or some of them."""
    by_app = reached_by_app()
    return {field for app in apps or by_app for field in by_app[app]}


def fields_of(kind: GraphQLObjectType | None) -> set[str]:
    assert kind is not None
    return {f"{kind.name}.{name}" for name in kind.fields}


def viewer_fields() -> set[str]:
    kinds = [SCHEMA.get_type(name) for name in VIEWERS]
    return {field for kind in kinds if isinstance(kind, GraphQLObjectType) for field in fields_of(kind)}


ENTRIES = (
    fields_of(SCHEMA.query_type)
    | fields_of(SCHEMA.mutation_type)
    | fields_of(SCHEMA.subscription_type)
    | viewer_fields()
)


def test_every_root_field_and_every_field_of_a_viewer_is_reached_by_an_operation():
    assert len(ENTRIES) > 200
    assert ENTRIES - reached() - FOR_NO_APP.keys() == set(), "add an operation in operations/, or why none needs it"


def test_what_is_for_no_application_is_in_the_graph_and_reached_by_none():
    assert FOR_NO_APP.keys() - ENTRIES == set()
    assert FOR_NO_APP.keys() & reached() == set()
    assert all(len(reason) > 20 for reason in FOR_NO_APP.values())


def test_operations_ask_for_nothing_that_is_deprecated():
    asked = {screen.operation.name: parse(screen.operation.body) for screen in screens()}

    deprecated = {name: validate(SCHEMA, document, [NoDeprecatedCustomRule]) for name, document in asked.items()}

    assert {name: errors for name, errors in deprecated.items() if errors} == {}


@pytest.mark.parametrize("app", ["citizen_app", *STAFF_APPS])
def test_everybody_who_signs_in_sees_her_devices_and_signs_them_out(app: str):
    assert {"Query.devices", "Mutation.signOutDevices"} - reached([app]) == set()


APPS_OF = {
    "citizen": {"citizen_app"},
    "assisting operator": {"operator_app"},
    "idle operator": {"operator_app"},
    "doorstep agent": {"operator_app"},
    "principal": {"operator_app"},
    "camp officer": {"operator_app"},
    "officer": {"officer_app"},
    "appellate": {"officer_app"},
    "commission": {"officer_app"},
    "department admin": {"officer_app"},
    "finance officer": {"officer_app"},
    "auditor": {"officer_app"},
    "admin": {"admin_app", "officer_app"},  # leave, transfers and statistics are the officers'
}
"""Which applications the subjects of tests/authz/rows.py use."""

REFUSED_IN_WORDS = {("assisting operator", "assignDoorstepVisit"), ("assisting operator", "handOver")}
"""Tried by those who see the thing but may not do it: the matrix has them because they are told why."""


@pytest.mark.parametrize("subject", APPS_OF)
def test_what_somebody_may_change_one_of_her_applications_can_change(subject: str):
    hers = {name for name, subjects in (rows.MUTATIONS | rows.OWN).items() if subject in subjects}
    refused = {name for who, name in REFUSED_IN_WORDS if who == subject}

    missing = {f"Mutation.{name}" for name in hers - refused} - reached(APPS_OF[subject])
    assert missing == set(), f"add an operation in operations/, in one of {APPS_OF[subject]}"
