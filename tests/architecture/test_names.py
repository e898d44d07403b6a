"""No function is named by a bare participle, pronoun, preposition or ordinal, and no field of a module's own class."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "store", "actions", "schema", "integrations", "gateway", "states", "sandbox", "demo", "legacy")

EXCEPTIONS = {
    "now": "the word of a clock, here as in the standard library",
}
"""Names that stand for themselves, each with its reason; at most twenty."""

WHETHER_OR_HOW_MANY = frozenset({"bool", "bool | None", "asyncio.Event", "int", "float"})
"""Types of a field that a participle says enough of."""

_PARTICIPLES_TEXT = """
told shown kept given held made done said heard sent found left paid taken written seen begun chosen drawn known
bound spoilt met meant brought bought lost won led built gone broken forgotten hidden stolen sworn swept torn worn
spent lent dealt laid lain sown shaken fallen frozen grown risen thrown driven borne born sunk struck stood
understood undone upheld withheld withdrawn caught taught sought thought fought
"""
PARTICIPLES = frozenset(_PARTICIPLES_TEXT.split())
"""Irregular ones; regular ones are known by their ending."""

_NO_PARTICIPLES_TEXT = """
feed need seed speed embed shed proceed exceed succeed
"""
NO_PARTICIPLES = frozenset(_NO_PARTICIPLES_TEXT.split())
_NOUNS_IN_ING_TEXT = """
string hearing listing posting filing ending finding setting heading meaning thing ring binding building timing
warning ping routing rating ranking mapping encoding opening pricing spelling onboarding reading booking bring
spring
"""
NOUNS_IN_ING = frozenset(_NOUNS_IN_ING_TEXT.split())
_SMALL_WORDS_TEXT = """
one many own whole same herself himself itself ours mine yours hers his theirs both each some all none nothing
everything everybody anybody nobody somebody other another others it this that these those whom what which who whose
such few several once first second third fourth last next again twice of at in on by within without after before
about over under until above below outside inside since against between beside only never alone together else even
here there where when whether how why then thus already still yet now away back apart as like than through toward
upon
"""
SMALL_WORDS = frozenset(_SMALL_WORDS_TEXT.split())


def is_bare(name: str) -> bool:
    """Whether a name is one word that is a participle, pronoun, preposition or ordinal."""
    word = name.strip("_")
    if "_" in word or name.startswith("__"):
        return False
    regular = word.endswith("ed") and len(word) > 3 and word not in NO_PARTICIPLES
    present = word.endswith("ing") and len(word) > 4 and word not in NOUNS_IN_ING
    return word in PARTICIPLES or word in SMALL_WORDS or regular or present


def functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for child in ast.walk(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child


def is_attribute_or_constructor(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Properties read as attributes, fields of the graph have the schema's names, and `of` may construct."""
    names = {ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in function.decorator_list}
    graph = any(word in name for name in names for word in ("field", "mutation", "subscription", "connection"))
    return graph or bool(names & {"property", "cached_property"}) or (function.name == "of" and "classmethod" in names)


def test_no_function_is_named_by_a_bare_participle_pronoun_or_ordinal():
    found = {
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for function in functions(ast.parse(path.read_text(encoding="utf-8")))
        if is_bare(function.name) and not is_attribute_or_constructor(function) and function.name not in EXCEPTIONS
    }
    assert found == set()


def fields(tree: ast.AST) -> Iterator[tuple[str, ast.AnnAssign, ast.Name]]:
    """The fields of the classes that are a module's own, with the names of their classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name.startswith("_"):
            for child in node.body:
                if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
                    yield node.name, child, child.target


def test_no_field_of_a_modules_own_class_is_a_bare_participle_unless_it_says_whether_or_how_many():
    found = {
        f"{path.relative_to(ROOT)}:{field.lineno} {owner}.{name.id}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for owner, field, name in fields(ast.parse(path.read_text(encoding="utf-8")))
        if is_bare(name.id) and name.id.strip("_") not in SMALL_WORDS
        if ast.unparse(field.annotation) not in WHETHER_OR_HOW_MANY
    }
    assert found == set()


def test_there_are_few_exceptions():
    assert len(EXCEPTIONS) <= 20


def test_a_bare_name_is_known_and_a_name_that_says_something_is_not():
    assert [is_bare(name) for name in ("_told", "listed", "waiting", "whole", "once", "first", "of")] == [True] * 7
    assert not any(is_bare(name) for name in ("settle_case", "is_due", "feed", "hearing", "read", "__init__"))
