"""The commands `apuni operations` and `apuni client`; what they need is imported when they run."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

operations = typer.Typer(
    name="operations", no_args_is_help=True, help="Manifests of the operations that applications may ask for by id."
)
client = typer.Typer(name="client", no_args_is_help=True, help="Which versions of the applications still work.")

_FOLDER = Annotated[Path | None, typer.Option(help="the folder of the operations; the repository's where left out")]
_APP = Annotated[str | None, typer.Option(help="the application, such as citizen_app; all where left out")]
_OF_APP = Annotated[str | None, typer.Option("--app", help="the application that a manifest from elsewhere is of")]
_OF_VERSION = Annotated[str | None, typer.Option("--app-version", help="the version that it is of, such as 1.4.0")]
_FILE = Annotated[Path, typer.Argument(help="a manifest: Apollo's, Apollo Kotlin's operationOutput, or a signed one")]


@operations.command("build")
def build(
    folder: _FOLDER = None,
    app: _APP = None,
    out: Annotated[Path, typer.Option(help="where the manifests are written")] = Path("build/operations"),
) -> None:
    """Check the operations of the folder and write a manifest for each application."""
    from gateway.commands.publishing import run_build

    run_build(folder, app, out)


@operations.command("check")
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="manifests; the folder's operations where none")] = None,
    folder: _FOLDER = None,
    published: Annotated[bool, typer.Option(help="check every published version against this release's graph")] = False,
) -> None:
    """Check operations against the graph and the bounds; the exit status is 1 where any does not fit."""
    from gateway.commands.publishing import run_check, run_check_published
    from gateway.settings import read_settings

    faults = asyncio.run(run_check_published(read_settings())) if published else run_check(files or [], folder)
    if faults:
        raise typer.Exit(1)


@operations.command("sign")
def sign(
    file: _FILE,
    app: _OF_APP = None,
    app_version: _OF_VERSION = None,
    out: Annotated[Path | None, typer.Option(help="the signed file; beside the manifest where left out")] = None,
) -> None:
    """Check a manifest and sign it with the keyring `manifest`."""
    from gateway.commands.publishing import run_sign
    from gateway.settings import read_settings

    run_sign(read_settings(), file, app, app_version, out)


@operations.command("publish")
def publish(
    files: Annotated[list[Path] | None, typer.Argument(help="manifests; those of the folder where none")] = None,
    app: _OF_APP = None,
    app_version: _OF_VERSION = None,
    folder: _FOLDER = None,
) -> None:
    """Check, sign and publish manifests; every process serves them within two seconds. It may be run again."""
    from gateway.commands.publishing import run_publish
    from gateway.settings import read_settings

    asyncio.run(run_publish(read_settings(), files or [], app, app_version, folder))


@operations.command("list")
def list_published(days: Annotated[int, typer.Option(min=1, max=400, help="days whose uses are counted")] = 30) -> None:
    """List every version that was published, and how much it is used."""
    from gateway.commands.publishing import run_list
    from gateway.settings import read_settings

    asyncio.run(run_list(read_settings(), days))


@operations.command("retire")
def retire(
    app: Annotated[str, typer.Argument(help="the application")],
    app_version: Annotated[str, typer.Argument(help="its version")],
    reason: Annotated[str, typer.Option(help="why; it is kept in the audit log")],
    days: Annotated[int, typer.Option(min=1, max=400, help="refuse where it was used within so many days")] = 30,
    force: Annotated[bool, typer.Option("--force", help="retire it although it is in use")] = False,
) -> None:
    """Retire a version that nobody uses any more; its ids are unknown within two seconds."""
    from gateway.commands.publishing import run_retire
    from gateway.settings import read_settings

    asyncio.run(run_retire(read_settings(), app, app_version, reason=reason, days=days, force=force))


@client.command("list")
def client_list() -> None:
    """List what is set for each application and platform."""
    from gateway.commands.client_versions import run_client_list
    from gateway.settings import read_settings

    asyncio.run(run_client_list(read_settings()))


@client.command("set")
def client_set(
    platform: Annotated[str, typer.Argument(help="ANDROID, IOS or WEB")],
    minimum: Annotated[str, typer.Argument(help="the oldest version that still works, such as 1.4.0")],
    reason: Annotated[str, typer.Option(help="why; it is kept in the audit log")],
    app: Annotated[str, typer.Option(help="the application")] = "citizen_app",
    latest: Annotated[str | None, typer.Option(help="the newest version")] = None,
    store_url: Annotated[str | None, typer.Option(help="where the newest version is had, by https")] = None,
) -> None:
    """Set which versions of an application still work."""
    from actions.client_policy import SetClientPolicy
    from domain.client_policy import ClientPlatform
    from gateway.commands.client_versions import run_client_set
    from gateway.settings import read_settings

    try:
        wanted = SetClientPolicy(app, ClientPlatform(platform), minimum, latest, store_url, reason)
    except ValueError:
        raise typer.BadParameter(", ".join(ClientPlatform), param_hint="PLATFORM") from None
    asyncio.run(run_client_set(read_settings(), wanted))
