"""The example of PgBouncer and its SQL are held to what the product asks PostgreSQL for."""

import re

from store.database.connections import POSTGRESQL_SETTINGS
from tests.support.pooled import PROXY, example_settings

PASSED_ON = {"application_name", "timezone"}
"""What PgBouncer itself keeps for each client (pgbouncer.org, config, `track_extra_parameters`)."""


def test_pgbouncer_ignores_what_it_cannot_pass_on_and_nothing_else():
    ignored = {name.strip() for name in example_settings()["ignore_startup_parameters"].split(",")}

    assert ignored == set(POSTGRESQL_SETTINGS) - PASSED_ON


def test_the_role_has_every_setting_that_pgbouncer_drops():
    given = re.findall(r"""^ALTER ROLE :"role" SET (\w+) = '(.*)';$""", (PROXY / "roles.sql").read_text("utf-8"), re.M)

    assert dict(given) == {name: value for name, value in POSTGRESQL_SETTINGS.items() if name != "application_name"}
