"""`make conformance`: graphql-core's own tests pass with compiled operations where they pass without (ADR 0028).

The tests are in graphql-core's source distribution, which is fetched through the index of the environment and must have
the hash in requirements/conformance.txt. BOUND=full runs all of them, else those of execution.
"""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from tools.conformance_plugin import REPORT

ROOT = Path(__file__).parents[1]
PINS = ROOT / "requirements" / "conformance.txt"
FOLDER = ROOT / "build" / "conformance"
LIBRARIES = FOLDER / "libraries"
OF_EXECUTION = (
    "tests/execution",
    "tests/test_star_wars_query.py",
    "tests/test_user_registry.py",
    "tests/test_graphql.py",
)
LEAST_COMPILED = 300
"""Operations that must have been compiled for the run to say anything; it was 375 of those of execution."""
OPTIONS = """[pytest]
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
python_classes = PyTest*
timeout = 300
"""


def fetch_suite() -> Path:
    """The folder of graphql-core's source distribution; raises CalledProcessError where it or its hash is wrong."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = {name: FOLDER / f"{name}.txt" for name in ("core", "libraries")}
    pins = PINS.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    wanted["core"].write_text("\n".join(pin for pin in pins if pin.startswith("graphql-core")), encoding="utf-8")
    wanted["libraries"].write_text(
        "\n".join(pin for pin in pins if not pin.startswith("graphql-core")), encoding="utf-8"
    )
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    checked = ["--no-deps", "--require-hashes", "-r"]
    installed = ["install", "--upgrade", "--target", str(LIBRARIES)]
    _run([*pip, *installed, *checked, str(wanted["libraries"])])
    fetched = ["download", "--no-build-isolation", "--no-binary", "graphql-core", "--dest", str(FOLDER)]
    _run(
        [*pip, *fetched, *checked, str(wanted["core"])],
        PYTHONPATH=str(LIBRARIES),
        PATH=f"{LIBRARIES / 'bin'}{os.pathsep}{os.environ['PATH']}",
    )
    [archive] = FOLDER.glob("graphql_core-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(FOLDER, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def failures(suite: Path, tests: list[str], report: Path | None) -> tuple[list[str], dict[str, int]]:
    """Which tests fail, with compiled operations where there is a report; and how many operations ran by which way."""
    options = FOLDER / "pytest.ini"
    options.write_text(OPTIONS, encoding="utf-8")
    variables = {"PYTHONPATH": os.pathsep.join((str(ROOT), str(LIBRARIES)))} | ({REPORT: str(report)} if report else {})
    pytest = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-c", str(options)]
    given = ["-p", "tools.conformance_plugin", "--rootdir", str(suite), *tests]
    status = _run([*pytest, *given], folder=suite, check=False, **variables)
    if report is None:
        return (tests if status else []), {}
    found = json.loads(report.read_text(encoding="utf-8"))
    return found["failed"], found["ways"]


def _run(command: list[str], *, folder: Path = ROOT, check: bool = True, **variables: str) -> int:
    environment = os.environ | variables
    return subprocess.run(command, cwd=folder, env=environment, check=check).returncode  # noqa: S603 - all written here


def main() -> int:
    """Run the tests; the exit status is 1 where one fails that passes without us."""
    suite = fetch_suite()
    tests = ["tests"] if os.environ.get("BOUND") == "full" else list(OF_EXECUTION)
    failed, ways = failures(suite, tests, FOLDER / "report.json")
    beyond = [one for one in failed if not failures(suite, [one], None)[0]]
    sys.stdout.write(f"operations: {ways}\nfailed: {len(failed)}, of which pass without us: {beyond}\n")
    return 1 if beyond or ways.get("compiled", 0) < LEAST_COMPILED else 0


if __name__ == "__main__":
    sys.exit(main())
