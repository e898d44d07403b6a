"""`python -m tools.clients`: writes the packages of all apps into build/clients/<language>/<app>/."""

import tomllib
from pathlib import Path
from typing import Annotated

import typer
from graphql import build_schema

from gateway.operations.screens import manifests
from tools.clients import kotlin, python, swift, typescript
from tools.clients.model import app_of

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"typescript": typescript.files, "python": python.files, "kotlin": kotlin.files, "swift": swift.files}
APPS = ("citizen_app", "operator_app", "officer_app", "admin_app")
"""Those that people build; what serves the pages and UMANG stays here."""


def write_clients(folder: Path, apps: tuple[str, ...] = APPS) -> None:
    """The packages of some apps in every language, with the version of this release."""
    schema = build_schema((ROOT / "schema" / "api.graphql").read_text(encoding="utf-8"))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    for name in apps:
        (manifest,) = manifests(app=name)
        app = app_of(manifest, schema, version)
        for language, files in LANGUAGES.items():
            for path, text in files(app).items():
                target = folder / language / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")


def main(folder: Annotated[Path, typer.Option("--out")] = ROOT / "build" / "clients") -> None:
    """Write typed packages of the apps' operations for TypeScript, Python, Kotlin and Swift."""
    write_clients(folder)
    typer.echo(f"{folder}: {', '.join(LANGUAGES)} for {', '.join(APPS)}")


if __name__ == "__main__":
    typer.run(main)
