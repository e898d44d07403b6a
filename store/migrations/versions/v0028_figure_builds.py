"""Further accounts of officers, and figures counted anew beside the old."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Connection, ForeignKeyConstraint, PrimaryKeyConstraint, text

from store.migrations.first.types import Instant, Key

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_OFFICES = """
    INSERT INTO figures (cube, part, period, district, department, service_code, tehsil, channel, bucket,
        received, processed, dropped, withdrawn, disposed, delivered, timed, on_time, days, due, grievances, replied)
    SELECT 'OFFICE', part, period, district, department, '*', '*', '*', bucket, sum(received), sum(processed),
        sum(dropped), sum(withdrawn), sum(disposed), sum(delivered), sum(timed), sum(on_time), sum(days), sum(due),
        sum(grievances), sum(replied)
    FROM figures WHERE cube = 'PLACE' AND part = 'DUE' GROUP BY part, period, district, department, bucket
"""
"""What is due with a department in a district is what is due in its tehsils."""


def upgrade() -> None:
    """Columns, tables and indexes; nothing that is there changes."""
    op.execute(_OFFICES)
    op.create_table(
        "figure_state",
        Column("name", Key, nullable=False),
        Column("generation", Key, nullable=False),
        Column("building", Key),
        Column("phase", Key),
        Column("after_id", Key),
        Column("counted", BigInteger, nullable=False),
        Column("touched_at", Instant, nullable=False),
        PrimaryKeyConstraint("name", name="pk_figure_state"),
    )
    op.add_column("figure_deltas", Column("about", Key))
    op.add_column("figure_deltas", Column("counted", Boolean))
    op.create_index("ix_figure_deltas_about", "figure_deltas", ["about"])
    op.create_index("ix_record_claims_record_id", "record_claims", ["record_id"])
    op.create_table(
        "officer_accounts",
        Column("email", Key, nullable=False),
        Column("officer_id", Key, nullable=False),
        Column("added_at", Instant, nullable=False),
        PrimaryKeyConstraint("email", name="pk_officer_accounts"),
        ForeignKeyConstraint(["officer_id"], ["officers.officer_id"], name="fk_officer_accounts_officer_id_officers"),
    )
    op.create_index("ix_officer_accounts_officer_id", "officer_accounts", ["officer_id"])


def downgrade() -> None:
    """Forget further accounts; the figures that are read keep their plain names."""
    _name_plainly(op.get_bind())
    op.execute("DELETE FROM figures WHERE cube = 'OFFICE'")
    op.drop_index("ix_figure_deltas_about", table_name="figure_deltas")
    op.drop_column("figure_deltas", "counted")
    op.drop_column("figure_deltas", "about")
    op.drop_table("figure_state")
    op.drop_table("officer_accounts")
    op.drop_index("ix_record_claims_record_id", table_name="record_claims")


def _name_plainly(connection: Connection) -> None:
    present = connection.execute(text("SELECT generation FROM figure_state")).scalar() or ""
    suffix = {"of": f"%{present}" if present else "%:%"}
    kept = "NOT LIKE" if present else "LIKE"
    connection.execute(text(f"DELETE FROM figures WHERE cube {kept} :of"), suffix)  # noqa: S608 - two words of ours
    if present:
        connection.execute(text("UPDATE figures SET cube = replace(cube, :of, '')"), {"of": present})
