"""`make clients`: packages of the apps' operations that the compiler, the type checker and the parsers take."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import tree_sitter_kotlin
import tree_sitter_swift
from tree_sitter import Language, Parser

from gateway.operations.screens import manifests
from tests.support.node import NodeFailed, run_node
from tools.clients.__main__ import write_clients

ROOT = Path(__file__).parents[2]
APP = "citizen_app"
RELEASE = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
TSC = "node_modules/typescript/bin/tsc"
USE = """\
import {{ ask }} from "./client.js";
import {{ services }} from "./operations.js";
const answer = await ask("http://127.0.0.1:1", services, {{ first: 3, openOnly: true }});
export const names: ReadonlyArray<string> = (answer.data?.services?.nodes ?? []).map((node) => node.{field});
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("clients")
    write_clients(folder, (APP, "admin_app"))
    return folder


def test_every_package_has_the_version_of_the_release_and_every_published_operation(packages):
    (manifest,) = manifests(app=APP)
    python = packages / "python" / APP
    told = {
        "typescript": json.loads((packages / "typescript" / APP / "package.json").read_text("utf-8"))["version"],
        "python": tomllib.loads((python / "pyproject.toml").read_text("utf-8"))["project"]["version"],
        "kotlin": (packages / "kotlin" / APP / "gradle.properties").read_text("utf-8").strip().partition("=")[2],
    }

    assert set(told.values()) == {RELEASE}
    for path in packages.glob(f"*/{APP}/**/[oO]perations.*"):
        text = path.read_text("utf-8")
        assert [one.name for one in manifest.operations if one.id not in text] == [], path


@pytest.mark.long
@pytest.mark.integration
async def test_the_package_for_typescript_compiles_and_its_types_refuse_a_field_that_is_not_asked_for(packages):
    folder = packages / "typescript" / APP
    (folder / "use.ts").write_text(USE.format(field="name"), "utf-8")
    await run_node(TSC, "--project", str(folder))
    assert (folder / "built" / "operations.js").is_file()

    (folder / "use.ts").write_text(USE.format(field="nome"), "utf-8")
    with pytest.raises(NodeFailed, match="nome"):
        await run_node(TSC, "--project", str(folder), "--noEmit")


@pytest.mark.integration
def test_the_package_for_python_is_typed_and_its_types_refuse_a_variable_that_is_not_there(packages):
    folder = packages / "python" / APP
    use = folder / "use.py"
    use.write_text(
        "from apuni_citizen_app.client import Client\n"
        "from apuni_citizen_app.operations import SERVICES, ServicesQueryVariables\n\n"
        'answer = Client("http://127.0.0.1:1").ask(SERVICES, ServicesQueryVariables(first=3))\n'
        'answer = Client("http://127.0.0.1:1").ask(SERVICES, ServicesQueryVariables(furst=3))\n',
        "utf-8",
    )

    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={folder / 'cache'}"]
    ran = subprocess.run(
        [*command, "apuni_citizen_app", "use.py"], cwd=folder, capture_output=True, text=True, check=False
    )

    complaints = [line for line in ran.stdout.splitlines() if ": error: " in line]
    assert complaints
    assert all(line.startswith("use.py:5: ") for line in complaints), ran.stdout


@pytest.mark.parametrize(
    ("language", "grammar"), [("kotlin", tree_sitter_kotlin), ("swift", tree_sitter_swift)], ids=["kotlin", "swift"]
)
def test_the_sources_for_telephones_are_sources(packages, language, grammar):
    parser = Parser(Language(grammar.language()))
    sources = [path for path in (packages / language).rglob("*") if path.suffix in {".kt", ".swift"}]

    assert len(sources) >= 2
    assert [path for path in sources if parser.parse(path.read_bytes()).root_node.has_error] == []
    assert parser.parse(b"public struct { val class").root_node.has_error
