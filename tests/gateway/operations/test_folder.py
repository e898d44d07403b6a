"""The folder `operations/`: every operation fits the graph, says which screen it serves, has one name and one id."""

import json
from itertools import chain
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse
from graphql.execution.values import get_variable_values

from domain.platform.manifests import InvalidManifest, document_id
from gateway.commands.operations import graph, make_checker
from gateway.graphiql.page import examples
from gateway.operations.checking import OperationsChecker
from gateway.operations.screens import FRAGMENTS, OPERATIONS, manifests, screens, versions
from tests.support.operations import document_of

SCREENS = screens()
ROOTS = {
    "citizen_app": {
        "ClientPolicy",
        "SignInState",
        "CitizenHome",
        "CitizenDashboard",
        "Services",
        "ServicePage",
        "Schemes",
        "CorrectPaymentAccount",
        "Hearings",
    },
    "officer_app": {
        "WorkQueue",
        "QueuePack",
        "DecideApplication",
        "BulkDecide",
        "ConfirmDecision",
        "Overdue",
        "HearingCalendar",
        "CancelHearing",
        "CommissionCaseOfAppeal",
        "AwardsToSettle",
        "SettleAward",
        "DelayReview",
        "SaveView",
        "FinanceCases",
        "TakeFinanceCase",
        "SettleFinanceCase",
        "AnswerFinanceCase",
        "PaymentQueueRows",
        "PaymentBatches",
        "MonthStatement",
        "HeldBenefits",
        "SuspendBenefit",
        "ReissuePayment",
        "DecidePaymentApproval",
    },
    "operator_app": {"OperatorHome", "DoorstepRound"},
    "admin_app": {"Switches", "SetSwitch", "Alarms", "SetClientPolicy"},
    "umang": {
        "UmangGetServices",
        "UmangGetMyApplications",
        "UmangGetApplicationStatus",
        "UmangApplyService",
        "UmangGetCertificate",
        "UmangGetBenefits",
        "UmangFileAppeal",
        "UmangPostFeedback",
    },
}


@pytest.fixture(scope="module")
def checker() -> OperationsChecker:
    return make_checker()


def test_every_operation_fits_the_graph_and_the_bounds(checker: OperationsChecker):
    assert [fault for manifest in manifests() for fault in checker.faults(manifest)] == []


def test_every_operation_says_which_screen_it_serves():
    assert [str(screen.path) for screen in SCREENS if len(screen.about) < 10] == []


def test_names_are_used_once_in_all_applications():
    names = [screen.operation.name for screen in SCREENS]

    assert len(names) == len(set(names)) >= 90


def test_the_screens_that_must_be_there_are():
    named: dict[str, set[str]] = {}
    for screen in SCREENS:
        named.setdefault(screen.app, set()).add(screen.operation.name)

    assert {app: wanted - named.get(app, set()) for app, wanted in ROOTS.items()} == {app: set() for app in ROOTS}


def test_every_application_has_a_version_and_operations():
    assert set(versions()) == {screen.app for screen in SCREENS}


def test_an_id_is_the_sha_256_of_the_document_and_the_document_stands_alone():
    for screen in SCREENS:
        assert screen.operation.id == document_id(screen.operation.body)
        parse(screen.operation.body)


def test_every_shared_fragment_is_spread_somewhere():
    shared = {
        node.name.value
        for path in (OPERATIONS / FRAGMENTS).glob("*.graphql")
        for node in parse(path.read_text(encoding="utf-8")).definitions
    }

    assert {name for name in shared if not any(f"fragment {name} " in one.operation.body for one in SCREENS)} == set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fragments").mkdir()
    (tmp_path / "app_one").mkdir()
    (tmp_path / "apps.json").write_text('{"app_one": "1.0.0"}')
    fragments = "fragment B on Service { code ...A } fragment A on Service { id }"
    (tmp_path / "fragments" / "b.graphql").write_text(fragments)
    (tmp_path / "app_one" / "x.graphql").write_text('# A screen.\nquery X { service(by: {code: "A"}) { ...B } }')
    return tmp_path


def test_the_document_does_not_change_with_the_layout_of_the_files(folder: Path):
    before = manifests(folder)[0].operations[0]
    (folder / "fragments" / "b.graphql").write_text("# A comment.\nfragment A on Service {\n\n  id\n}\n")
    (folder / "fragments" / "c.graphql").write_text("fragment B on Service {\n  code\n  ...A\n}\n")

    assert manifests(folder)[0].operations[0] == before
    assert before.body.index("fragment A") < before.body.index("fragment B")
    assert document_of(folder / "app_one" / "x.graphql", folder) == before.body


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("app_one/y.graphql", "query Y {", "Syntax Error"),
        ("app_one/y.graphql", "query { services(first: 1) { totalCount } }", "has no name"),
        ("app_one/y.graphql", "fragment C on Service { id }", "no operation"),
        ("fragments/y.graphql", "fragment A on Service { code }", "different names"),
        ("fragments/y.graphql", "query Y { __typename }", "only fragments"),
        ("apps.json", "[]", "does not name a version"),
        ("apps.json", "{", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_by_its_name(folder: Path, name: str, text: str, reason: str):
    (folder / name).write_text(text)

    with pytest.raises(InvalidManifest, match=reason) as refused:
        manifests(folder)
    assert Path(name).name in str(refused.value)


def test_an_application_that_is_not_named_is_refused(folder: Path):
    with pytest.raises(InvalidManifest, match="app_one"):
        manifests(folder, "app_two")


def test_a_built_manifest_is_apollos_form(folder: Path):
    content = json.loads(json.dumps(manifests(folder)[0].content()))

    assert content["format"] == "apollo-persisted-query-manifest"
    assert content["version"] == 1
    assert (content["app"], content["appVersion"]) == ("app_one", "1.0.0")
    assert set(content["operations"][0]) == {"id", "name", "type", "body"}


def test_every_tab_of_graphiql_has_variables_that_fit_it():
    known = graph()._schema
    for example in chain.from_iterable(examples(OPERATIONS).values()):
        operation = parse(example.query).definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        given = get_variable_values(known, operation.variable_definitions, example.variables or {})
        assert not isinstance(given, list), [error.message for error in given]
