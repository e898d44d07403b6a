"""The texts of pages and doors are in the catalogues, where translators find them, and each is shown somewhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment
from jinja2 import nodes as jinja

from domain.kernel import Language
from domain.kernel.messages import labels

ROOT = Path(__file__).parents[2]
PREFIXES = ("page.", "door.")


def test_the_gateway_writes_no_text_of_both_languages_itself():
    found = {
        call.args[0].value
        for module in modules("gateway")
        for call in calls(module, "Bilingual")
        if len(call.args) == 2 and all(is_text(one) for one in call.args)
    }

    assert found == set()


def test_every_text_of_pages_and_doors_is_asked_for_and_every_one_asked_for_is_there():
    asked: set[str] = set()
    families: set[str] = set()
    for module in (one for folder in ("gateway", "integrations") for one in modules(folder)):
        # what is no literal is a text of a table, such as return_reason
        asked |= {call.args[0].value for call in calls(module, "bilingual") if is_text(call.args[0])}
        prefixes = [call.args[0].value for call in calls(module, "Texts")]
        assert len(prefixes) <= 1
        for prefix in prefixes:
            names, begun = names_asked_of(module, "_TEXTS")
            asked |= {f"{prefix}.{name}" for name in names}
            families |= {f"{prefix}.{name}" for name in begun}

    for template in sorted((ROOT / "gateway" / "pages" / "templates").rglob("*.html")):
        names, begun = texts_of_template(template.read_text(encoding="utf-8"))
        asked |= names
        families |= begun

    for language in (Language.HI, Language.EN):
        known = {key for prefix in PREFIXES for key in labels(language, prefix)}
        assert asked <= known
        assert all(any(key.startswith(family) for key in known) for family in families)
        assert {key for key in known - asked if not key.startswith(tuple(families))} == set()


def names_asked_of(module: ast.Module, variable: str) -> tuple[set[str], set[str]]:
    """The names that are read of a page's texts, and the beginnings of those that are made when they are shown."""
    names: set[str] = set()
    begun: set[str] = set()
    for node in ast.walk(module):
        match node:
            case ast.Attribute(value=ast.Name(id=of), attr=name) if of == variable:
                names.add(name)
            case ast.Subscript(value=ast.Name(id=of), slice=ast.JoinedStr(values=[ast.Constant(value=str(name)), *_])):
                if of == variable:
                    begun.add(name)
            case ast.Subscript(value=ast.Name(id=of), slice=key) if of == variable:
                parts = (one.value for one in ast.walk(key) if isinstance(one, ast.Constant))
                names |= {part for part in parts if isinstance(part, str)}
    return names, begun


def texts_of_template(text: str) -> tuple[set[str], set[str]]:
    """The keys that a template asks for, and the beginnings of those that it makes."""
    names: set[str] = set()
    begun: set[str] = set()
    for call in Environment(extensions=["jinja2.ext.i18n"]).parse(text).find_all(jinja.Call):
        if not (isinstance(call.node, jinja.Name) and call.node.name == "_"):
            continue
        for key in branches_of(call.args[0]):
            match key:
                case jinja.Const(value=str(name)):
                    names.add(name)
                case jinja.Concat(nodes=[jinja.Const(value=str(name)), *_]):
                    begun.add(name)
    return names, begun


def branches_of(node: jinja.Node) -> list[jinja.Node]:
    """What an expression may be: of `a if condition else b` both."""
    if not isinstance(node, jinja.CondExpr):
        return [node]
    return [one for branch in (node.expr1, node.expr2) if branch is not None for one in branches_of(branch)]


def modules(folder: str) -> Iterator[ast.Module]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def calls(module: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
