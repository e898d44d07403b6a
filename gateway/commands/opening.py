"""Shared by commands: opens store, vault, files and keys without outside systems, and prints tables."""

import csv
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from actions.kernel import Environment, Partners, Rules
from actions.registry import REGISTRY
from domain.kernel import SYSTEM, Clock, Subject, SystemIds
from gateway.runtime.composition import open_clock
from gateway.runtime.object_place import open_objects
from gateway.runtime.runfiles import NotUp
from gateway.settings.settings import Settings
from store.backup.archive import BackupKey
from store.catalogue.calendar import NO_CALENDAR
from store.database import FieldCipher, Keyrings, ObjectStore, Store, crash_points, schema_is_current
from store.database.vault import Vault
from store.privacy.erasures import ErasureList

out = Console(soft_wrap=True, highlight=False)

WIDE = 1000
"""Columns of what is not a terminal: in a file or a pipe nothing is cut off to fit."""


def why_unread(error: Exception) -> str:
    """Why a file cannot be read, in words that say what to correct and hold nothing of the file."""
    match error:
        case UnicodeDecodeError():
            return "it is not in UTF-8"
        case json.JSONDecodeError():
            return f"it is no JSON at line {error.lineno}, column {error.colno}"
        case csv.Error():
            return f"it is no CSV: {error}"
        case RecursionError():
            return "it is nested too deep"
        case OSError() if error.strerror:
            return error.strerror
        case _:
            return type(error).__name__


def print_table(table: Table) -> None:
    """Print a table, to a terminal as wide as that is and else in full."""
    wide = out if out.is_terminal else Console(width=WIDE, highlight=False, file=out.file)
    wide.print(table)


@dataclass(frozen=True, slots=True)
class Storage:
    """What a command works on."""

    store: Store
    vault: Vault
    objects: ObjectStore
    clock: Clock


@asynccontextmanager
async def open_storage(settings: Settings, *, any_revision: bool = False) -> AsyncIterator[Storage]:
    """Open the store and what belongs to it; raises NotUp or StoreError with one line for a person.

    With `any_revision` a store of an earlier release is opened too.
    """
    crash_points.arm(settings.crash_at if settings.demo else None)
    if not await schema_is_current(settings.store_url) and not any_revision:
        raise NotUp("the store is not migrated to this release; run `apuni migrate`")
    clock = await open_clock(settings)
    keyrings = Keyrings(settings.keys_folder)
    keyrings.init()
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.store_url, cipher=FieldCipher(keyrings), clock=clock)
        stack.push_async_callback(store.close)
        vault = await Vault.open(settings.vault_store_url, keyrings=keyrings, clock=clock, ids=SystemIds(clock))
        stack.push_async_callback(vault.close)
        yield Storage(store, vault, await stack.enter_async_context(open_objects(settings, clock)), clock)


def backup_key(settings: Settings) -> BackupKey:
    """What backups are locked with."""
    secret = settings.backup_passphrase
    return BackupKey(secret.get_secret_value() if secret else None, Keyrings(settings.keys_folder))


def small_files(settings: Settings) -> dict[str, Path]:
    """The small files of the home that belong to a backup locked with a passphrase: keyrings and certificates."""
    folders = {"keys": settings.keys_folder, "certificates": settings.home / "certificates"}
    return {
        f"{name}/{path.name}": path
        for name, folder in folders.items()
        for path in (sorted(folder.iterdir()) if folder.is_dir() else [])
        if path.is_file() and path.suffix in {".json", ".pem", ".crt"}
    }


def environment_of(settings: Settings, rooms: Storage) -> Environment:
    """What a verb that asks no outside system is given."""
    nobody: Any = None
    return Environment(
        registry=REGISTRY,
        store=rooms.store,
        vault=rooms.vault,
        objects=rooms.objects,
        keyrings=Keyrings(settings.keys_folder),
        clock=rooms.clock,
        ids=SystemIds(rooms.clock),
        rules=Rules(calendar=NO_CALENDAR),
        partners=Partners(nobody, nobody, nobody, nobody, {}),
        public_url=settings.url,
        erasures=ErasureList(settings.erasure_list),
    )


def account() -> str:
    """What audit lines say of who ran a command: the machine's account by its number, as its name may be a person's."""
    return f"CLI:{os.getuid()}"


def command_subject() -> Subject:
    """The gateway itself, at the word of that account."""
    return replace(SYSTEM, account=account())
