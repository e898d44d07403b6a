"""What the graph offers to people can be reached by pages: every mutation, and every field that officers ask for."""

from pathlib import Path

import pytest
from graphql import DocumentNode, FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, parse, print_ast, visit

from gateway.pages.addresses import PAGES
from tests.gateway.pages.conftest import Browse

OPERATIONS = Path(__file__).parents[3] / "operations"

WITHOUT_FORM = {
    "exportMyData": "/my/data offers the same as a file to download",
    "linkAccount": "/sign-in/accounts has a route of its own, which goes by way of the account's provider",
    "unlinkAccount": "/sign-in/accounts has a route of its own",
    "registerDevice": "an app registers itself by what FCM or APNs gave it, which a page has not",
    "replayDecisions": "decisions are signed by the key of an officer's device, which a page without a script has not",
}
WITHOUT_PAGE = {
    "Query": {
        "_entities": "for a federated gateway",
        "_service": "for a federated gateway",
        "changes": "for the copy that a telephone keeps",
        "clientPolicy": "an app asks it at its start",
        "labels": "for apps, which have no texts of their own; pages have the catalogues",
        "deliveryStatistics": "/dashboard draws these figures, and /figures/statistics.csv has them as a table",
        "sources": "/status shows them as this process sees them, /staff/systems as all processes report them",
        "baselineFigures": "/dashboard draws these figures beside its own",
        "mandis": "the Union's own pages show the markets; here it is for the app",
        "genericMedicines": "the Union's own pages show the medicines; here it is for the app",
        "bloodBanks": "the Union's own pages show the blood banks; here it is for the app",
    },
    "Officer": {
        "id": "names the officer to apps",
        "queueChanges": "for the copy that a telephone keeps",
        "queuePack": "cases to take along are signed by the key of an officer's device",
    },
}


class _Fields(Visitor):
    """Gathers the fields that operations ask for, by the type that has them."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types, self.asked = types, set[tuple[str, str]]()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self.types.get_parent_type()
        if parent is not None:
            self.asked.add((parent.name, node.name.value))


def documents() -> list[DocumentNode]:
    """The operations of pages, each with the shared fragments that it spreads."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((OPERATIONS / "web").glob("*.graphql"))]
    shared = {
        one.name.value: one
        for path in (OPERATIONS / "fragments").glob("*.graphql")
        for one in parse(path.read_text(encoding="utf-8")).definitions
    }
    found, waiting = [parse(text) for text in texts], texts
    spread = set[str]()
    while waiting:
        text = waiting.pop()
        for name, fragment in shared.items():
            if name not in spread and f"...{name}" in text:
                spread.add(name)
                found.append(DocumentNode(definitions=(fragment,)))
                waiting.append(print_ast(fragment))
    return found


@pytest.fixture(scope="module")
def core(graph) -> GraphQLSchema:
    """The graph's types, the schema having been built once."""
    return graph._schema


@pytest.fixture(scope="module")
def asked(core: GraphQLSchema) -> set[tuple[str, str]]:
    """Every field that pages ask for, with its type."""
    types = TypeInfo(core)
    gather = _Fields(types)
    for document in documents():
        visit(document, TypeInfoVisitor(types, gather))
    return gather.asked


def test_every_mutation_is_posted_by_a_form_or_has_its_reason(core: GraphQLSchema):
    posted = {name for page in PAGES for name in page.forms}
    of_forms = {
        field.name.value
        for document in documents()
        for one in document.definitions
        if one.kind == "operation_definition" and one.name and one.name.value in posted
        for field in one.selection_set.selections
    }

    without = set(core.mutation_type.fields) - of_forms
    assert without == set(WITHOUT_FORM), "add its form to a row of gateway/pages/addresses/, or why it has none"


@pytest.mark.parametrize("name", list(WITHOUT_PAGE))
def test_every_field_is_shown_by_a_page_or_has_its_reason(core: GraphQLSchema, asked: set[tuple[str, str]], name: str):
    fields = set(core.type_map[name].fields)

    assert fields - {field for parent, field in asked if parent == name} == set(WITHOUT_PAGE[name])


async def test_no_page_for_everybody_tells_a_stranger_to_sign_in(browse: Browse):
    async with browse() as browser:
        answers = {
            page.path: (await browser.get(page.path)).status_code
            for page in PAGES
            if page.people is None and "{" not in page.path
        }

    assert [path for path, status in answers.items() if status == 401] == []
