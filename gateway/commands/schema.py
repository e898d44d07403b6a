"""The commands of `apuni schema`: print the graph's SDL, and compare it with the published one."""

from pathlib import Path

import typer

from domain.kernel import CommandFailed, SystemClock, ist_date
from schema.compatibility import breaking_changes
from schema.printing import printed_api, printed_schema

group = typer.Typer(no_args_is_help=True)
"""The GraphQL schema: print it, and compare it with the released one."""

FOLDER = Path(__file__).parents[2] / "schema"
PRINTED, API, RELEASED = FOLDER / "schema.graphql", FOLDER / "api.graphql", FOLDER / "released.graphql"
HOW = "deprecate it first (schema/kernel/fields.py: deprecation_reason), and remove it after the date that is named"


@group.command("print")
def schema_print() -> None:
    """Write the graph to schema/schema.graphql, and what clients see of it to schema/api.graphql."""
    for path, text in ((PRINTED, printed_schema()), (API, printed_api())):
        path.write_text(text, encoding="utf-8")


@group.command("check")
def schema_check() -> None:
    """Fail where schema/schema.graphql or schema/api.graphql is not what the code says."""
    for path, text in ((PRINTED, printed_schema()), (API, printed_api())):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandFailed(f"schema/{path.name} is not what the code says; run `make schema` and commit the file")


@group.command("diff")
def schema_diff() -> None:
    """Fail where the graph has breaking changes for clients of schema/released.graphql."""
    today = ist_date(SystemClock().now())
    lines = breaking_changes(RELEASED.read_text(encoding="utf-8"), printed_schema(), today)
    for line in lines:
        typer.echo(line, err=True)
    if lines:
        typer.echo(f"{len(lines)} changes break clients of schema/released.graphql: {HOW}", err=True)
        raise typer.Exit(1)


@group.command("release")
def schema_release() -> None:
    """Release the present graph to clients: write schema/released.graphql."""
    RELEASED.write_text(printed_schema(), encoding="utf-8")
