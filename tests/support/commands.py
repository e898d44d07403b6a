"""Runs the action of a command on the store of an installation, as the command does."""

from collections.abc import Awaitable, Callable
from typing import Any

from gateway.runtime.composition import open_storage
from gateway.settings.settings import Settings


async def on_storage(
    settings: Settings, action: Callable[..., Awaitable[bool | None]], *given: Any, **named: Any
) -> Any:
    """What the action returns; raises what it raises."""
    async with open_storage(settings) as env:
        return await action(env, *given, **named)
