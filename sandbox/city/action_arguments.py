"""Tells which arguments an action of a sandbox takes, read from its code, for whoever called it wrongly."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any


def arguments_text(name: str, action: Callable[..., Any]) -> str:
    """One sentence: the names of the arguments, those that may be left out in brackets, and what the action does."""
    found: dict[str, bool] = {}
    for argument, required in _arguments_of(action, set()):
        found[argument] = found.get(argument, False) or required
    names = ", ".join(one if required else f"[{one}]" for one, required in found.items()) or "no arguments"
    does = " ".join((inspect.getdoc(action) or "").partition("\n\n")[0].split())
    return f"{name} takes {names}{f' ({does})' if does else ''}"


def _arguments_of(action: Callable[..., Any], seen: set[Any]) -> Iterator[tuple[str, bool]]:
    """Each name that is read from the given object, and whether it must be there; helpers that get it are followed."""
    function = inspect.unwrap(getattr(action, "__func__", action))
    if function in seen or not inspect.isfunction(function):
        return
    seen.add(function)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):  # a lambda within a longer expression has no source of its own
        return
    given = [name for name in inspect.signature(function).parameters if name != "self"][:1]
    owner = getattr(action, "__self__", None)
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key))) if name in given:
                yield key, True
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="get" | "pop"), args=[ast.Constant(value=str(key)), *_]
            ) if name in given:
                yield key, False
            case ast.Call(func=called, args=[ast.Name(id=name), *_]) if name in given:
                helper = _helper(called, owner, function.__globals__)
                if helper is not None:
                    yield from _arguments_of(helper, seen)


def _helper(called: ast.expr, owner: Any, known: dict[str, Any]) -> Callable[..., Any] | None:
    match called:
        case ast.Attribute(value=ast.Name(id="self"), attr=name) if owner is not None:
            return getattr(owner, name, None)
        case ast.Name(id=name):
            found = known.get(name)
            return found if inspect.isfunction(found) else None
    return None
