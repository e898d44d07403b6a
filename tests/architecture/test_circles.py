"""No circle of modules anywhere in the product, and no import up the order of nouns in actions."""

import configparser
from collections.abc import Mapping
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = configparser.ConfigParser()
CONTRACTS.read(ROOT / ".importlinter", encoding="utf-8")
PACKAGES = CONTRACTS["importlinter"]["root_packages"].split()


def reached_from(module: str, imports: Mapping[str, set[str]]) -> set[str]:
    """Every module that a module imports, and those that they import."""
    reached: set[str] = set()
    following = [module]
    while following:
        new = imports.get(following.pop(), set()) - reached
        reached |= new
        following.extend(new)
    return reached


def circles(imports: Mapping[str, set[str]]) -> list[set[str]]:
    """The modules of each circle: those that reach themselves, with all that reach them and are reached."""
    reached = {module: reached_from(module, imports) for module in imports}
    found: list[set[str]] = []
    for module in sorted(imports):
        if module in reached[module] and not any(module in circle for circle in found):
            found.append({other for other in reached[module] if module in reached.get(other, ())})
    return found


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """What each module imports when it runs: no imports for types alone, and no names in strawberry.lazy."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def test_no_modules_of_the_product_import_one_another_in_a_circle(imports: dict[str, set[str]]) -> None:
    assert len(imports) > 500
    assert circles(imports) == []


def test_a_circle_is_seen(imports: dict[str, set[str]]) -> None:
    imports = {**imports, "domain.kernel.errors": imports["domain.kernel.errors"] | {"gateway.app"}}

    (circle,) = circles(imports)

    assert {"domain.kernel.errors", "gateway.app"} <= circle


def test_no_import_goes_up_the_order_of_nouns_and_the_kernel_is_below_them_all() -> None:
    contract = CONTRACTS["importlinter:contract:nouns"]

    assert "ignore_imports" not in contract
    assert contract["layers"].split()[-1] == "kernel"
