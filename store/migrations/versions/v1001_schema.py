"""The schema of release 0.2.0, from the SQL files of this directory, which never change."""

import re
from pathlib import Path
from types import MappingProxyType

from alembic import op

revision = "1001"
down_revision = None

_WORDS = MappingProxyType(
    {
        "sqlite": {
            r"\{serial\} (CONSTRAINT \w+ )?PRIMARY KEY": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
            r"\{number\}": "INTEGER",
            r"\{key\}": "TEXT",
            r"\{instant\}": "DATETIME",
            r"\{bytes\}": "BLOB",
            r"\{without_rowid\}": "WITHOUT ROWID",
        },
        "postgresql": {
            r"\{serial\}": "BIGSERIAL NOT NULL",
            r"\{number\}": "BIGINT",
            r"\{key\}": 'TEXT COLLATE "C"',
            r"\{instant\}": "TIMESTAMP WITH TIME ZONE",
            r"\{bytes\}": "BYTEA",
            r"\{without_rowid\}": "",
        },
    }
)
"""What each database calls the words in braces."""


def statements(dialect: str) -> list[str]:
    """The statements that make every table and index, referenced tables first."""
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for word, meaning in _WORDS[dialect].items():
        text = re.sub(word, meaning, text)
    return [statement for part in text.split(";") if (statement := " ".join(part.split()))]


def upgrade() -> None:
    """Make every table."""
    connection = op.get_bind()
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Drop every table."""
    connection = op.get_bind()
    made = re.findall(r"CREATE TABLE (\w+)", "\n".join(statements(connection.dialect.name)))
    for table in reversed(made):
        op.drop_table(table)
