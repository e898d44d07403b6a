"""Finds the commands of `apuni` by their entry points, and imports each when it is run."""

import ast
import os
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from inspect import cleandoc
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info, get_group
from typer.models import CommandInfo

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

ENTRY_POINTS = "apuni.commands"
"""The group of entry points: the name of a command, and where its function or its `typer.Typer` is."""

_EVERYWHERE = ("production", "staging", "demo")
PROFILES: Mapping[str, tuple[str, ...]] = {
    "gateway.commands": _EVERYWHERE,
    "gateway.installation": _EVERYWHERE,
    "legacy.commands": _EVERYWHERE,
    "sandbox.commands": ("staging", "demo"),
    "demo.commands": ("demo",),
    "demo.training": ("staging", "demo"),
}
"""The packages that hold commands, and the profiles in which these exist."""


class LazyCommand(TyperCommand):
    """A command of which only the name is known until it is loaded."""

    def __init__(self, entry: EntryPoint) -> None:
        super().__init__(entry.name)
        self.entry = entry

    def load_command(self) -> "Command":
        found = self.entry.load()
        if not isinstance(found, typer.Typer):
            information = CommandInfo(name=self.entry.name, callback=found)
            return get_command_from_info(
                information, pretty_exceptions_short=True, rich_markup_mode=self.rich_markup_mode
            )
        group = get_group(found)
        group.name, group.help = self.entry.name, help_of(self.entry)
        return group


class LazyGroup(TyperGroup):
    """All commands of the profile, listed without being imported."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.elsewhere: dict[str, tuple[str, ...]] = {}
        found, profile = entry_points(group=ENTRY_POINTS), profile_of_environment()
        if not found:
            sys.exit("apuni: no command is installed; run `make bootstrap-dev`, or install the package anew")
        for entry in found:
            profiles = PROFILES.get(entry.module.rpartition(".")[0], ())
            if profile in profiles:
                self.add_command(LazyCommand(entry))
            elif profiles:
                self.elsewhere[entry.name] = profiles

    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Read the line of each command, and list them."""
        for command in self.commands.values():
            if isinstance(command, LazyCommand):
                command.help = help_of(command.entry)
        super().format_help(ctx, formatter)

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
        """Import the command that is called; one of another profile is refused with a line and the exit status 2."""
        if args[0] in self.elsewhere and not ctx.resilient_parsing:
            profiles = " or ".join(self.elsewhere[args[0]])
            typer.echo(f"apuni: the command {args[0]} exists in the profile {profiles} only", err=True)
            raise typer.Exit(2)
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load_command() if isinstance(command, LazyCommand) else command, rest


def help_of(entry: EntryPoint) -> str:
    """The help of a command: a function's docstring, or the text under a group, read without importing the module."""
    found = find_spec(entry.module)
    module = ast.parse(Path(found.origin).read_text("utf-8")) if found and found.origin else ast.Module([], [])
    for node, under in pairwise([*module.body, ast.Pass()]):
        match node, under:
            case ast.FunctionDef(name=name), _ if name == entry.attr:
                return ast.get_docstring(node) or ""
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(ast.Constant(str(text))) if name == entry.attr:
                return cleandoc(text)
    return ""


def profile_of_environment() -> str:
    """What `Settings.profile` will be, read without loading the settings; an unknown one is refused by them."""
    given = {name.upper(): value for name, value in os.environ.items()}
    return given.get("APUNI_PROFILE") or "demo"
