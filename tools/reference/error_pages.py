"""Makes docs/errors.md, and a page for each error code with its texts, its cause, its cure and where it comes from."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml
from strawberry.utils.str_converters import to_camel_case

from domain.kernel import ErrorCode, Language, Remedy, Retry
from domain.kernel.messages import label
from tools.reference.tables import table

ROOT = Path(__file__).resolve().parents[2]
CAUSES = Path(__file__).with_name("error_causes.yaml")
FLOORS = ("gateway", "schema", "actions", "store", "integrations", "domain")
TABLE = ROOT / "domain" / "kernel" / "errors.py"
"""The table itself, in which every code is named."""

MOST_MUTATIONS = 12
"""What more come to is not listed: nobody reads it, and it would change with every other mutation."""

_ERRORS = """\
<!-- Made by `python -m tools.reference print` from domain/kernel/errors.py and domain/kernel/locale. Do not edit. -->
# Error codes

A code stands in `errors[].extensions.code`, or in `userErrors[].code` of a mutation. Codes are stable: none
changes its meaning. Messages come in the asked language and may be worded anew at any time; what is in braces
is filled in. The extensions of an error are `code`, `type`, `detail`, `source`, `retryable`,
`retryAfterSeconds`, `action` and `requestId`; each is absent where it does not apply. `detail` of `BAD_INPUT` is the
argument that is wrong, where one is named (`since`), else `MALFORMED_ID`, `ARGUMENT`, `DOCUMENT` or `SYNTAX`.

*Kind* is `type`. *Retry* says whether the same request may be sent again: `yes, later` (after
`retryAfterSeconds` where it is given, a mutation under the same idempotency key), `yes, changed` (after what
*Remedy* says), or `no`. *Remedy* is the usual `action`; an error may carry another that fits better. The page of a
code, to which it leads, tells its cause, what to do, and where it comes from.

{codes}

## Remedies

{remedies}
"""

_PAGE = """\
<!-- Made by `python -m tools.reference print` from tools/reference/error_causes.yaml and the table of codes. -->
# {code}

| Language | Message |
| --- | --- |
| English | {english} |
| हिन्दी | {hindi} |

**Cause.** {cause}

**What to do.** {cure}

**Send it again?** {retry} `retryable` is `{retryable}`.

**Action.** `{remedy}`: {remedy_english} {remedy_hindi} **Kind.** `{kind}`.

## Where it comes from

{places}

All codes: [error codes](../errors.md).
"""

_RETRIES = {
    Retry.NO: "No: the same request gives the same answer.",
    Retry.LATER: "Yes, later: after `retryAfterSeconds` where it is given, a mutation with the same idempotency key.",
    Retry.CHANGED: "Only after something was changed, as above.",
}


def error_documents() -> dict[str, str]:
    """The text of docs/errors.md and of each page below docs/errors/, by its file."""
    codes = table(("Code", "Kind", "Retry", "Remedy", "English", "हिन्दी"), map(_row, ErrorCode))
    remedies = table(("Action", "English", "हिन्दी"), ((f"`{one}`", *_texts(f"remedy.{one.value}")) for one in Remedy))
    causes = yaml.safe_load(CAUSES.read_text(encoding="utf-8"))
    if untold := [code for code in ErrorCode if code not in causes]:
        raise LookupError(f"{CAUSES.relative_to(ROOT)} tells no cause and no cure of {', '.join(untold)}")
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _modules_with("ErrorCode.", *FLOORS)}
    mutations = _codes_of_mutations({_module(path): tree for path, tree in modules.items()})
    pages = {f"errors/{code}.md": _page(code, causes[code], modules, mutations) for code in ErrorCode}
    return {"errors.md": _ERRORS.format(codes=codes, remedies=remedies), **pages}


def _row(code: ErrorCode) -> tuple[str, ...]:
    named = f"[`{code}`](errors/{code}.md)"
    return named, f"`{code.type}`", code.retry.value, f"`{code.remedy}`", *_texts(f"error.{code.value}")


def _texts(key: str) -> tuple[str, str]:
    return label(key, Language.EN), label(key, Language.HI)


def _page(code: ErrorCode, told: dict[str, str], modules: dict[Path, ast.Module], found: dict[str, set[str]]) -> str:
    english, hindi = _texts(f"error.{code.value}")
    remedy_english, remedy_hindi = _texts(f"remedy.{code.remedy.value}")
    mutations = sorted(name for name, codes in found.items() if code in codes)
    return _PAGE.format(
        code=code,
        english=english,
        hindi=hindi,
        **told,
        retry=_RETRIES[code.retry],
        retryable=str(code.retry is Retry.LATER).lower(),
        remedy=code.remedy,
        remedy_english=remedy_english,
        remedy_hindi=remedy_hindi,
        kind=code.type,
        places=_places(code, modules, mutations),
    )


def _places(code: ErrorCode, modules: dict[Path, ast.Module], mutations: list[str]) -> str:
    """The mutations that come to a code; else the modules that name it. What many do is not listed."""
    if len(mutations) > MOST_MUTATIONS:
        return "Many mutations, and requests of other kinds."
    if mutations:
        return f"Mutations: {', '.join(f'`{name}`' for name in mutations)}."
    named = [path for path, tree in modules.items() if path != TABLE and code in _codes(tree)]
    if not 0 < len(named) <= MOST_MUTATIONS:
        return "Every request may end so."
    return "\n".join(f"- `{path.relative_to(ROOT)}`: {_sentence(modules[path])}" for path in named)


def _modules_with(text: str, *folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if text in path.read_text(encoding="utf-8"))


@cache
def _codes(node: ast.AST) -> frozenset[str]:
    parts = (part for part in ast.walk(node) if isinstance(part, ast.Attribute))
    return frozenset(part.attr for part in parts if isinstance(part.value, ast.Name) and part.value.id == "ErrorCode")


def _codes_of_mutations(modules: dict[str, ast.Module]) -> dict[str, set[str]]:
    """The codes that the action of each mutation names, itself or by functions of its noun that it calls by name.

    What every mutation shares (kernel), methods, and what is called by way of a registry are not followed.
    """
    found: dict[str, set[str]] = {}
    for path in _modules_with("action_mutation(", "schema"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = _imported(tree)
        for node in (each for owner in tree.body if isinstance(owner, ast.ClassDef) for each in owner.body):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[ast.Name(id=action), *_])):
                    found[to_camel_case(name)] = _codes_from(modules, imported.get(action, ""), action)
    return found


def _codes_from(modules: dict[str, ast.Module], module: str, name: str) -> set[str]:
    waiting, seen, codes = [(module, name)], {("", "")}, set[str]()
    while waiting:
        module, name = waiting.pop()
        if (module, name) in seen or module not in modules or ".kernel" in module:
            continue
        seen.add((module, name))
        tree, imported = modules[module], _imported(modules[module])
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
                codes |= _codes(node)
                called = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
                waiting += [(imported.get(one, module), one) for one in called]
    return codes


@cache
def _imported(tree: ast.Module) -> dict[str, str]:
    """The module that each name comes from."""
    nodes = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    return {alias.asname or alias.name: str(node.module) for node in nodes for alias in node.names}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _sentence(tree: ast.Module) -> str:
    """The first sentence of a module's docstring."""
    return " ".join((ast.get_docstring(tree) or "").partition("\n\n")[0].split())
