"""The MetaData object of the store, with a naming convention for constraints that migrations rely on."""

from sqlalchemy import MetaData

NOT_KEPT_ELSEWHERE = "not kept elsewhere"
"""The mark (Table.info) of tables that mean something in one database only: dumps and backups leave them out."""

LARGE_ROWS = "large rows"
"""The mark of tables whose rows hold whole files: they are read a few at a time."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
