"""Definitions of services are planned and applied: a diff first, all or none, refused where the store changed since."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.catalogue.catalogue_import import import_rows
from actions.catalogue.definitions import apply_plan, digest_of_plan, plan_of
from actions.catalogue.form_import import import_forms
from actions.certificates.issue import issue_certificate
from domain.applications.lifecycle import Status
from domain.catalogue.catalogue import Fact, Service
from domain.catalogue.definition_reading import DefinitionRefused, Document, read_document
from domain.catalogue.definitions import StepKind
from domain.certificates.kinds import CertificateKinds
from domain.kernel import CommandFailed, ErrorCode, Problems
from states.certificate_kinds import certificate_kinds
from store.catalogue import catalogue, forms
from tests.support.actions import FREE, INCOME, FakeRenderer, World, catalogue_rows
from tests.support.definitions import a_document
from tests.support.forms import own_forms, small, text
from tests.support.plans import statements_of
from tests.support.state import PACKAGE, form_files
from tests.support.stored import audit_lines_of
from tests.support.worlds import wrong

pytestmark = pytest.mark.integration


@pytest.fixture
def world(peopled: World) -> World:
    """The world on each store."""
    return peopled


def of_birth(**changes: Any) -> Document:
    """A definition of the birth certificate, which the catalogue has."""
    gone = dict.fromkeys(("slug", "name", "department"))
    outcome = {"kind": "CERTIFICATE", "validMonths": 12, "renewDays": 30}
    steps = [{"kind": "SCRUTINY"}, {"kind": "FIELD_VERIFICATION"}, {"kind": "ISSUE"}]
    given = {"service": FREE, "outcome": outcome, "steps": steps, **gone, **changes}
    return read_document(json.dumps(a_document(**given)).encode())


async def planned(world: World, *documents: Document) -> str:
    return digest_of_plan(await plan_of(world.env, documents))


async def entry(world: World, code: str = FREE) -> Service | None:
    return await world.env.store.read(lambda tx: catalogue.service(tx, code))


async def test_a_plan_shows_what_applying_changes_and_writes_nothing(world: World):
    before = await entry(world)
    [examined] = await plan_of(world.env, [of_birth()])

    assert examined.change is not None
    assert {"definition", "limit_days", "designated_officer"} <= examined.change.fields.keys()
    assert await entry(world) == before


async def test_a_definition_that_is_applied_is_the_next_entry_and_rules_what_is_filed_after_it(world: World):
    before = await entry(world)
    document = of_birth()

    await apply_plan(world.env, [document], await planned(world, document), "CLI:1")

    after = await entry(world)
    assert before is not None
    assert after is not None
    assert after.definition is not None
    assert after.version == before.version + 1
    assert (after.definition.notification, after.validity_months) == ("No. 1 of 2026", 12)
    assert after.definition.step(StepKind.FIELD_VERIFICATION) is not None
    case = await world.submit(world.asha)
    assert (case.service_version, case.limit.days, case.status) == (after.version, 15, Status.IN_SCRUTINY)
    assert await wrong(world.env) == []


async def test_a_new_service_is_opened_by_its_definition_alone(world: World):
    document = read_document(json.dumps(a_document()).encode())

    await apply_plan(world.env, [document], await planned(world, document))

    case = await world.submit(world.asha, "TEST-1")
    assert (case.department, case.officer_id) == ("revenue-department", world.tehsildar.person_id)


async def test_applying_twice_changes_nothing_the_second_time(world: World):
    document = of_birth()
    await apply_plan(world.env, [document], await planned(world, document))
    first = await entry(world)

    await apply_plan(world.env, [document], await planned(world, document))

    assert await entry(world) == first
    assert first is not None
    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "SERVICE", first.id)
    assert [line.action for line in lines] == ["definition.publish"]


async def test_a_plan_is_refused_once_the_store_changed(world: World):
    document = of_birth()
    seen = await planned(world, document)
    other = of_birth(deliveryDays=3)
    await apply_plan(world.env, [other], await planned(world, other))
    held = await entry(world)

    with pytest.raises(CommandFailed, match="changed since"):
        await apply_plan(world.env, [document], seen)

    assert await entry(world) == held


async def test_of_several_files_all_are_applied_or_none(world: World):
    good, bad = of_birth(), of_birth(service=INCOME, feePaise=0, form="no-such-form")

    with pytest.raises(DefinitionRefused) as caught:
        await apply_plan(world.env, [good, bad], "any")

    assert [(one.cell, one.rule.value) for one in caught.value.findings] == [("form", "FORM_UNKNOWN")]
    held = await entry(world)
    assert held is not None
    assert held.definition is None


@pytest.mark.parametrize(
    ("changes", "cell", "rule"),
    [
        ({"department": "no-such-department"}, "department", "DEPARTMENT_UNKNOWN"),
        ({"slug": "income-certificate", "service": "TEST-2"}, "slug", "SLUG_TAKEN"),
        ({"outcome": {"kind": "CERTIFICATE"}}, "outcome/doctype", "OUTCOME_UNKNOWN"),
        ({"outcome": {"kind": "BENEFIT", "scheme": "NONE"}}, "outcome/scheme", "SCHEME_UNKNOWN"),
    ],
)
async def test_what_the_store_does_not_have_is_refused_at_its_cell(world: World, changes, cell: str, rule: str):
    with pytest.raises(DefinitionRefused) as caught:
        await plan_of(world.env, [a_document(**changes)])

    assert (cell, rule) in [(one.cell, one.rule.value) for one in caught.value.findings]


@pytest.fixture
async def with_kinds(world: World) -> World:
    """The world with the forms and the kinds of certificates of the default state."""
    assert not (await import_forms(world.env.store, form_files())).refused
    rules = replace(world.env.rules, certificate_kinds=certificate_kinds(PACKAGE.folder))
    return replace(world, env=replace(world.env, rules=rules))


def of_new_income(**outcome: Any) -> Document:
    """A service of a department's own that ends in a certificate of the kind income."""
    said = {"kind": "CERTIFICATE", "doctype": "INCER", "template": "income", **outcome}
    return read_document(json.dumps(a_document(outcome=said, form="income-certificate")).encode())


async def test_the_template_that_a_definition_names_makes_the_certificate(with_kinds: World):
    document, renderer = of_new_income(), FakeRenderer()
    await apply_plan(with_kinds.env, [document], await planned(with_kinds, document))
    form = own_forms()["income-certificate"].example
    case = await with_kinds.approved(with_kinds.asha, "TEST-1", with_kinds.tehsildar, form=form)

    await issue_certificate(with_kinds.env, case.id, renderer)

    [content] = renderer.rendered
    assert (content.kind, content.doctype) == ("income", "INCER")
    assert "annual_income" in {one.key for one in content.fields}


async def test_a_template_that_the_package_lost_issues_nothing_and_no_other_stands_for_it(with_kinds: World):
    document = of_new_income()
    await apply_plan(with_kinds.env, [document], await planned(with_kinds, document))
    form = own_forms()["income-certificate"].example
    case = await with_kinds.approved(with_kinds.asha, "TEST-1", with_kinds.tehsildar, form=form)
    env = replace(with_kinds.env, rules=replace(with_kinds.env.rules, certificate_kinds=CertificateKinds()))

    with pytest.raises(Problems) as refused:
        await issue_certificate(env, case.id, FakeRenderer())

    assert refused.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"template": "wages"}, [("outcome/template", "TEMPLATE_UNKNOWN", "wages")]),
        ({"template": "caste"}, [("outcome/template", "TEMPLATE_UNKNOWN", "caste")]),
        ({"kind": "ORDER"}, [("outcome/template", "TEMPLATE_UNKNOWN", "income")]),
    ],
    ids=["none of that name", "of another document type", "a result without a certificate"],
)
async def test_a_template_that_is_not_there_for_the_result_is_refused(with_kinds: World, changes, found):
    with pytest.raises(DefinitionRefused) as caught:
        await plan_of(with_kinds.env, [of_new_income(**changes)])

    assert [(one.cell, one.rule.value, one.said) for one in caught.value.findings] == found


@pytest.mark.parametrize("named", ["birth", None], ids=["named", "by its slug"])
async def test_a_form_that_does_not_ask_what_the_template_takes_is_refused(with_kinds: World, named: str | None):
    outcome = {"kind": "CERTIFICATE", **({"template": named} if named else {})}

    with pytest.raises(DefinitionRefused) as caught:
        await plan_of(with_kinds.env, [of_birth(outcome=outcome, form="income-certificate")])

    lacking = [(one.cell, one.said) for one in caught.value.findings if one.rule.value == "FORM_WITHOUT_FACT"]
    assert ("form", "child_name") in lacking
    assert ("form", "register_number") in lacking


async def test_an_earlier_entry_whose_template_is_gone_is_not_gone_back_to(with_kinds: World):
    document = of_new_income()
    await apply_plan(with_kinds.env, [document], await planned(with_kinds, document))
    env = replace(with_kinds.env, rules=replace(with_kinds.env.rules, certificate_kinds=CertificateKinds()))

    with pytest.raises(DefinitionRefused) as caught:
        await plan_of(env, [{"service": "TEST-1", "entry": 1}])

    assert [one.rule.value for one in caught.value.findings] == ["TEMPLATE_UNKNOWN"]


async def test_an_import_leaves_a_service_as_its_definition_says(world: World):
    document = of_birth()
    await apply_plan(world.env, [document], await planned(world, document))
    published = await entry(world)

    imported = await import_rows(world.env.store, catalogue_rows(), dry_run=False)

    assert await entry(world) == published
    assert not [one for one in imported.changes if one.key == FREE]


async def test_two_files_for_one_service_are_refused_and_nothing_is_applied(world: World):
    first, second = of_birth(), of_birth(deliveryDays=3)

    with pytest.raises(DefinitionRefused) as caught:
        await apply_plan(world.env, [first, second], "any")

    assert [(one.cell, one.rule.value, one.said) for one in caught.value.findings] == [
        ("service", "SERVICE_TWICE", FREE)
    ]


async def test_two_files_for_one_slug_are_refused(world: World):
    with pytest.raises(DefinitionRefused) as caught:
        await plan_of(world.env, [a_document(), a_document(service="TEST-2")])

    assert [(one.cell, one.rule.value) for one in caught.value.findings] == [("slug", "SLUG_TAKEN")]


async def test_a_newer_version_of_the_form_alone_is_a_change_and_is_given_to_the_service(world: World):
    older, newer = (small({name: text()}) for name in ("village", "ward"))
    await world.env.store.carry_out(lambda tx: forms.add_version(tx, older))
    document = of_birth(form=older.name)
    await apply_plan(world.env, [document], await planned(world, document))
    world.clock.advance(timedelta(minutes=1))
    await world.env.store.carry_out(lambda tx: forms.add_version(tx, newer))

    [examined] = await plan_of(world.env, [document])
    await apply_plan(world.env, [document], digest_of_plan([examined]))

    assert examined.change is not None
    assert examined.change.fields == {"form": (older.version, newer.version)}
    assert (await world.env.store.read(lambda tx: forms.of_services(tx, [FREE])))[FREE].version == newer.version


async def test_the_forms_of_services_are_read_once_for_a_plan(world: World):
    documents = [a_document(service=f"TEST-{one}", slug=f"test-{one}") for one in range(3)]

    with statements_of(world.env.store) as asked:
        await plan_of(world.env, documents)

    assert sum("FROM service_forms" in one for one in asked) == 1


async def test_facts_that_one_account_applied_by_command_are_not_confirmed(world: World):
    document = of_birth()

    await apply_plan(world.env, [document], await planned(world, document))

    after = await entry(world)
    assert after is not None
    assert {Fact.TIME_LIMIT, Fact.DESIGNATED_OFFICER, Fact.VALIDITY} <= set(after.facts_not_confirmed)
