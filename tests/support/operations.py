"""The operations of the folder `operations/`, as applications send them."""

import re
from functools import cache
from pathlib import Path

from gateway.operations import screens
from gateway.operations.screens import OPERATIONS


def document_of(path: Path, folder: Path = OPERATIONS) -> str:
    """The document of a file's first operation, as it is signed."""
    return screens._screens_of(path.parent.name, path, screens._fragments(folder))[0].operation.body


@cache
def operation(name: str) -> str:
    """The document of `operations/<name>.graphql` with the fragments that it spreads; `name` is `<app>/<screen>`."""
    return document_of(OPERATIONS / f"{name}.graphql")


def snippets(text: str) -> list[tuple[str, str, str]]:
    """The fenced blocks of a Markdown text: language, the name that follows it, and content."""
    return [
        (kind, name.strip(), body)
        for kind, name, body in re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```$", text, re.M | re.S)
    ]
