"""Figures by month of each department in each district, and open cases counted by state and due day."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_NO_OFFICES = "DELETE FROM figures WHERE cube LIKE 'OFFICE%' AND part IN ('SUM', 'DAYS')"
_MEASURES = (
    "received, processed, dropped, withdrawn, disposed, delivered, timed, on_time, days, due, grievances, replied"
)
_ADDED = ", ".join(f"sum({name})" for name in _MEASURES.split(", "))
_OFFICES = f"""
    INSERT INTO figures (cube, part, period, district, department, service_code, tehsil, channel, bucket, {_MEASURES})
    SELECT replace(cube, 'PLACE', 'OFFICE'), part, period, district, department, '*', '*', '*', bucket, {_ADDED}
    FROM figures WHERE cube LIKE 'PLACE%' AND part IN ('SUM', 'DAYS')
    GROUP BY cube, part, period, district, department, bucket
"""  # noqa: S608 - words of ours
"""What a department did in a district is what was done in its tehsils. A cube may bear the name of its generation."""


def upgrade() -> None:
    """Add the sums; open cases are counted when a worker of this release starts, for it alone knows how."""
    op.execute(_NO_OFFICES)
    op.execute(_OFFICES)


def downgrade() -> None:
    """Forget what a release of before does not know, and that all was counted so."""
    op.execute(_NO_OFFICES)
    op.execute("DELETE FROM figures WHERE part = 'OPEN'")
    op.execute("DELETE FROM figure_deltas WHERE part = 'OPEN'")
    op.execute("DELETE FROM seeds WHERE id = 'figures-counted-with-open-cases'")
