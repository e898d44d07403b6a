"""Directives are enforced from the declaration that the SDL prints, so that the two cannot part."""

import inspect
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_list_type
from graphql import get_nullable_type as bare
from strawberry.federation.schema_directives import Authenticated, Cost, ListSize, RequiresScopes, Tag

from domain.consents.consents import ConsentPurpose
from domain.identity.policy import TABLE, ObjectKind
from domain.kernel import ANONYMOUS, Bilingual, Role, Scope, scopes_of
from domain.kernel.scopes import SCOPES
from integrations.registry import OUTSIDE_SYSTEMS
from schema.kernel import UPSTREAM_POINTS, SourcePolicy, directives_of
from schema.kernel.directives import Consent, SemanticNonNull
from schema.kernel.guards import Demand, guarded_fields
from schema.nodes import FINDERS, TYPE_NAMES
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument
from tests.support.graph import CITIZEN, NEIGHBOUR, NOW, OFFICER
from tests.support.graph_fields import root_fields

OPEN_TYPES = {"Department", "District", "Scheme", "Service"}
"""What anybody may find by its id: the catalogue and the map."""


def fields(graph):
    for kind in graph._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("_"):
            for name, field in kind.fields.items():
                yield kind, name, field


def test_every_root_field_says_for_whom_it_is(graph):
    unclear = [
        name
        for name, field in root_fields(graph._schema)
        if bool(directives_of(field, Authenticated)) == any(tag.name == "public" for tag in directives_of(field, Tag))
    ]
    assert unclear == []


def test_every_type_of_which_the_access_table_speaks_needs_somebody_who_is_signed_in(graph):
    personal = {"Citizen", "Application", "Certificate", "Benefit", "Grievance", "Suggestion", "Appeal", "Clearance"}
    personal |= {"DoorstepVisit", "Officer", "Operator", "Developer"}
    kinds = graph._schema.type_map
    assert [name for name in sorted(personal) if not directives_of(kinds[name], Authenticated)] == []
    assert {kind for _, kind, _ in TABLE} == set(ObjectKind)


def test_whatever_has_an_id_is_of_the_catalogue_or_needs_somebody_who_is_signed_in(graph):
    named = set(TYPE_NAMES.values())
    assert set(TYPE_NAMES) == set(FINDERS)
    assert named <= set(graph._schema.type_map)
    assert {name for name in named if not directives_of(graph._schema.type_map[name], Authenticated)} == OPEN_TYPES


def test_resolvers_that_ask_who_is_signed_in_declare_it(graph):
    """A resolver that calls `signed_in` by itself would be a rule that the SDL does not tell."""
    source = re.compile(r"signed_in\(info\)")
    open_fields = {name for name, field in root_fields(graph._schema) if not directives_of(field, Authenticated)}
    silent = []
    for kind in (graph._schema.query_type, graph._schema.subscription_type):
        for name, field in (kind.fields if kind else {}).items():
            definition = field.extensions.get("strawberry-definition")
            resolver = getattr(getattr(definition, "base_resolver", None), "wrapped_func", None)
            if resolver is None or f"{kind.name}.{name}" not in open_fields:
                continue
            if source.search(inspect.getsource(resolver)):
                silent.append(name)
    assert silent == []


@pytest.mark.parametrize("subject", [ANONYMOUS], ids=["anonymous"])
async def test_what_declares_authenticated_is_refused_without_a_token_before_anything_is_read(world, subject):
    for query in (
        '{ application(by: {number: "x"}) { id } }',
        "{ transactionCounts { total } }",
        "{ switches { name } }",
    ):
        with world.statements() as seen:
            answer = await world.ask(query, subject)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
        assert seen == []


def test_the_declaration_is_what_is_enforced(graph):
    """Each declaring field is wrapped, and what it demands is read from the declarations alone."""
    demands = {name: demand for name, _, demand, _ in guarded_fields(graph._schema)}
    for kind, name, field in fields(graph):
        named = get_named_type(field.type)
        scopes = tuple(
            tuple(frozenset(all_of) for all_of in one.scopes)
            for of in (field, named)
            for one in directives_of(of, RequiresScopes)
        )
        needs = bool(scopes) or any(directives_of(of, Authenticated) for of in (field, named))
        assert demands.get(f"{kind.name}.{name}", Demand()) == Demand(needs, scopes)


async def test_a_missing_scope_is_told_like_something_absent_and_nothing_is_read(world):
    for query in ("{ switches { name } }", "{ alarms { code } }", "{ overdue(first: 1) { totalCount } }"):
        with world.statements() as seen:
            answer = await world.ask(query, CITIZEN)
        assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert seen == []


def test_a_token_with_scopes_of_its_own_is_good_for_these_alone():
    assert scopes_of(OFFICER) == {"cases:decide", "counts:read"}
    assert scopes_of(replace(OFFICER, scopes=frozenset({"counts:read", "operations:write"}))) == {"counts:read"}
    assert scopes_of(ANONYMOUS) == frozenset()
    assert set(SCOPES) == set(Role)
    assert frozenset().union(*SCOPES.values()) == set(Scope)


def test_every_scope_in_the_graph_is_one_of_the_vocabulary(graph):
    used = {
        scope
        for _, _, field in fields(graph)
        for one in directives_of(field, RequiresScopes)
        for all_of in one.scopes
        for scope in all_of
    }
    assert used <= {scope.value for scope in Scope}
    assert used


def test_every_field_that_is_read_from_a_source_says_so_and_what_it_costs(graph):
    """A field that gives provenance carries @source; its cost has ten points for each call.

    The rows of a page were read by the field that gives the page. Which system gives a department's record stands in
    the system's file.
    """
    for kind, name, field in fields(graph):
        calls = directives_of(field, SourcePolicy)
        named = get_named_type(field.type)
        has_provenance = isinstance(named, GraphQLObjectType) and "provenance" in named.fields
        by_file = getattr(named, "name", "").startswith("DepartmentRecord")
        if has_provenance and not by_file and not kind.name.endswith(("Payload", "Connection", "Edge")):
            assert calls, f"{kind.name}.{name} gives provenance and names no source"
        if calls:
            assert {one.call for one in calls} <= set(OUTSIDE_SYSTEMS.policies_by_name)
            weight = UPSTREAM_POINTS * len(calls) + (0 if is_leaf_type(named) else 1)
            assert [one.weight for one in directives_of(field, Cost)] == [weight], f"{kind.name}.{name}"


def test_no_other_cost_has_a_share_for_calls(graph):
    costs = {f"{kind.name}.{name}": directives_of(field, Cost) for kind, name, field in fields(graph)}
    mutations = {name for name in costs if name.startswith("Mutation.")}
    assert {name for name in mutations if [one.weight for one in costs[name]] != [4]} == set()


def test_every_paged_list_says_by_which_arguments(graph):
    for kind, name, field in fields(graph):
        paging = {"first", "last"} & set(field.args)
        if paging:
            [size] = directives_of(field, ListSize)
            assert set(size.slicing_arguments) == paging, f"{kind.name}.{name}"
            assert size.require_one_slicing_argument


def test_lists_of_objects_at_a_root_say_how_long_they_are(graph):
    for name, field in root_fields(graph._schema):
        if is_list_type(bare(field.type)):
            assert directives_of(field, ListSize), name


def test_a_field_that_needs_consent_belongs_to_a_citizen_and_names_a_purpose(graph):
    found = {
        f"{kind.name}.{name}": one.purpose
        for kind, name, field in fields(graph)
        for one in directives_of(field, Consent)
    }
    assert found == {
        "Citizen.departmentCertificates": "DEPARTMENT_DOCUMENTS",
        "Citizen.departmentRecords": "DEPARTMENT_SYSTEMS",
        "Citizen.eAadhaar": "LOCKER_DOCUMENTS",
        "Citizen.lockerFolder": "LOCKER_DOCUMENTS",
        "Citizen.rationCard": "RATION_CARD",
    }
    assert set(found.values()) <= {purpose.value for purpose in ConsentPurpose}


def test_never_silently_null_is_said_of_nullable_fields_only(graph):
    for kind, name, field in fields(graph):
        if directives_of(field, SemanticNonNull):
            assert bare(field.type) is field.type, f"{kind.name}.{name} cannot be null at all"


RATION = "{ viewer { ... on Citizen { rationCard { number } } } }"


async def test_a_field_with_consent_runs_only_while_the_consent_holds(world, store_clock):
    given = await world.ask(RATION, CITIZEN)
    none_held = await world.ask(RATION, NEIGHBOUR)
    async with world.environment.store.write_transaction() as tx:
        await department_documents.add(tx, held(NEIGHBOUR.person_id, {}))
    never_given = await world.ask(RATION, NEIGHBOUR)

    assert given["data"]["viewer"]["rationCard"] == {"number": "xxxxxx5678"}
    assert (none_held["data"]["viewer"]["rationCard"], none_held["errors"]) == (None, [])
    assert never_given["data"]["viewer"]["rationCard"] is None
    assert never_given["errors"][0]["extensions"] == {
        "code": "CONSENT_REQUIRED",
        "type": "PERMISSION_DENIED",
        "detail": "RATION_CARD",
        "retryable": False,
        "action": "GIVE_CONSENT",
        "requestId": "request-1",
    }
    assert never_given["extensions"]["sources"] == []


async def test_a_consent_ends_on_its_day(world, store_clock):
    async with world.environment.store.write_transaction() as tx:
        document = replace(held(NEIGHBOUR.person_id, {"consent": {}}), valid_until=NOW + timedelta(days=1))
        await department_documents.add(tx, document)

    before = await world.ask(RATION, NEIGHBOUR)
    store_clock.advance(timedelta(days=2))
    after = await world.ask(RATION, NEIGHBOUR)

    assert before["data"]["viewer"]["rationCard"] == {"number": "xxxxxx5679"}
    assert after["errors"][0]["extensions"]["code"] == "CONSENT_REQUIRED"


def held(citizen_id: str, consent: dict) -> DepartmentDocument:
    name = Bilingual("राशन कार्ड", "Ration Card")
    return DepartmentDocument(
        f"dd-{citizen_id[-1]}", citizen_id, "onorc", "RATION", name, {"CardNumber": "0512345679"}, consent, None
    )


async def test_a_router_alone_may_resolve_entities_where_federation_is_closed(world):
    query = "{ _service { sdl } _entities(representations: []) { __typename } }"
    context = world.context(CITIZEN)

    assert (await world.run(query, context, {}))["errors"] == []
    closed = await world.run(query, replace(world.context(CITIZEN), federation=False), {})

    assert closed["data"] is None
    assert {error["extensions"]["code"] for error in closed["errors"]} == {"FORBIDDEN"}
