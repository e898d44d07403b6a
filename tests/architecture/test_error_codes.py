"""What is known of every error code stands in the table of domain/kernel/errors.py and in no second one."""

import ast
from collections.abc import Iterator
from pathlib import Path

from domain.kernel import ErrorCode

ROOT = Path(__file__).parents[2]
ELSEWHERE = {"tests", "benchmarks"}
FEW = 5
"""Codes that a table may tell apart without being a second table of them all."""

SECOND_TABLES = {
    "gateway/http/document_downloads.py": "HTTP statuses of downloads, which differ from those of uploads",
    "gateway/http/upload_requests.py": "the HTTP statuses of resumable uploads, which their protocol sets",
}


def test_no_module_beside_the_table_maps_many_error_codes_to_something():
    found = {str(path.relative_to(ROOT)) for path in modules() if most_codes(path.read_text(encoding="utf-8")) > FEW}

    assert found == set(SECOND_TABLES)


def test_a_second_table_is_found_however_it_is_written():
    names = [code.name for code in ErrorCode][: FEW + 1]
    written = ", ".join(f"ErrorCode.{name}: 1" for name in names)
    made = ", ".join(f"_E.{name}" for name in names)

    assert most_codes(f"TABLE = {{{written}}}") == FEW + 1
    assert most_codes(f"TABLE = {{**dict.fromkeys(({made}), 1), _E.{names[0]}: 2}}") == FEW + 2
    assert most_codes(f"TABLE = {dict.fromkeys(names, 1)}") == FEW + 1
    assert most_codes("TABLE = {ErrorCode.CONFLICT: 409, 'other': 1}") == 1


def test_no_error_repeats_the_remedy_that_the_table_gives_its_code():
    repeated = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _repeats_remedy([ast.unparse(argument) for argument in node.args])
    ]

    assert repeated == []


def modules() -> Iterator[Path]:
    """The modules that speak of error codes, tests and benchmarks apart."""
    for floor in ROOT.glob("[a-z]*/"):
        if floor.name not in ELSEWHERE:
            yield from (path for path in floor.rglob("*.py") if "ErrorCode" in path.read_text(encoding="utf-8"))


def _repeats_remedy(arguments: list[str]) -> bool:
    code = arguments[0].removeprefix("ErrorCode.") if arguments else ""
    return code in ErrorCode.__members__ and f"Remedy.{ErrorCode[code].remedy.name}" in arguments


def most_codes(text: str) -> int:
    """The most error codes that one table of a module has as keys."""
    return max((len(codes_of(node)) for node in ast.walk(ast.parse(text)) if _is_table(node)), default=0)


def codes_of(table: ast.AST) -> list[str]:
    """The error codes that are keys of a table, or of a table inside it."""
    return [name for node in ast.walk(table) for key in _keys(node) if (name := _name_of(key)) in ErrorCode.__members__]


def _is_table(node: ast.AST) -> bool:
    return isinstance(node, ast.Dict) or _is_fromkeys(node)


def _is_fromkeys(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fromkeys"


def _keys(node: ast.AST) -> list[ast.expr | None]:
    if isinstance(node, ast.Dict):
        return node.keys
    if _is_fromkeys(node) and isinstance(node.args[0], ast.Tuple | ast.List | ast.Set):
        return node.args[0].elts
    return []


def _name_of(key: ast.expr | None) -> str | None:
    if isinstance(key, ast.Attribute):
        return key.attr
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
