"""Reads the SQL of a revision, which is written once for both databases."""

import re
from pathlib import Path
from types import MappingProxyType

_WORDS = MappingProxyType(
    {
        "sqlite": {
            r"\{serial\} (CONSTRAINT \w+ )?PRIMARY KEY": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
            r"\{number\}": "INTEGER",
            r"\{key\}": "TEXT",
            r"\{instant\}": "DATETIME",
            r"\{bytes\}": "BLOB",
            r"\{true\}": "1",
            r"\{false\}": "0",
            r"\{without_rowid\}": "WITHOUT ROWID",
        },
        "postgresql": {
            r"\{serial\}": "BIGSERIAL NOT NULL",
            r"\{number\}": "BIGINT",
            r"\{key\}": 'TEXT COLLATE "C"',
            r"\{instant\}": "TIMESTAMP WITH TIME ZONE",
            r"\{bytes\}": "BYTEA",
            r"\{true\}": "true",
            r"\{false\}": "false",
            r"\{without_rowid\}": "",
        },
    }
)
"""What each database calls the words in braces."""


def statements(script: str, dialect: str) -> list[str]:
    """The statements of the file beside a script that has its name; lines of comment begin with two hyphens."""
    text = re.sub(r"(?m)^--.*$", "", Path(script).with_suffix(".sql").read_text(encoding="utf-8"))
    for word, meaning in _WORDS[dialect].items():
        text = re.sub(word, meaning, text)
    return [statement for part in text.split(";") if (statement := " ".join(part.split()))]
