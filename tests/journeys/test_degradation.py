"""With one outside system stopped, everything else answers; the lost part says so; and it comes back by itself."""

import pytest

from tests.journeys.test_one_query import QUERY
from tests.support.eventually import eventually

LOSSES = {
    "digilocker": ("DIGILOCKER", "certificates"),
    "apisetu": ("API_SETU", "certificates"),
    "dbt_finance": ("DBT_FINANCE", "benefits"),
}
RATION = "{ viewer { ... on Citizen { name rationCard { scheme } } } }"


def state_of(answer: dict, source: str) -> str:
    return next(entry["state"] for entry in answer["extensions"]["sources"] if entry["name"] == source)


@pytest.mark.parametrize("system", LOSSES)
def test_a_stopped_system_costs_its_own_part_only_and_recovers(running, system):
    source, part = LOSSES[system]
    person = {"digilocker": "naveen-pandey", "apisetu": "sunil-rawat", "dbt_finance": "asha-negi"}[system]
    token = running.token("citizen", person)

    with running.without(system):
        answer = eventually(
            lambda: running.graphql(QUERY, token=token), lambda seen: state_of(seen, source) in {"DOWN", "STALE"}
        )
    healed = eventually(
        lambda: running.graphql(QUERY, token=token),
        lambda seen: state_of(seen, source) in {"LIVE", "CACHED"} and "errors" not in seen,
        seconds=180,
    )

    citizen = answer["data"]["viewer"]
    assert citizen["applications"]["nodes"]
    assert citizen["linkedAccounts"]
    assert answer["data"]["services"]["totalCount"] == 87
    assert citizen[part] is not None
    if state_of(answer, source) == "DOWN":
        error = answer["errors"][0]
        assert error["path"][:2] == ["viewer", part]
        assert error["extensions"]["code"] == "SOURCE_UNAVAILABLE"
        assert error["extensions"]["source"] == source
        assert error["extensions"]["retryable"] is True
        assert citizen[part]["complete"] is False
    assert healed["data"]["viewer"][part]["complete"] is True


def test_a_stopped_umang_makes_the_ration_card_null_with_a_coded_error(running):
    token = running.token("citizen", "devendra-kunwar")  # whose card no other journey has asked for, so none is kept

    with running.without("umang"):
        answer = running.graphql(RATION, token=token)

    assert answer["data"]["viewer"]["name"]
    assert answer["data"]["viewer"]["rationCard"] is None
    assert answer["errors"][0]["extensions"]["source"] == "UMANG"
    assert answer["errors"][0]["extensions"]["retryable"] is True


def test_a_forged_file_hash_is_never_shown(running):
    query = "{ viewer { ... on Citizen { certificates { nodes { origin document { integrity } } } } } }"
    token = running.token("citizen", "mohit-thapliyal")

    running.fault("digilocker", "signature")
    try:
        answer = running.graphql(query, token=token)
    finally:
        running.heal("digilocker")

    shown = [node for node in answer["data"]["viewer"]["certificates"]["nodes"] if node["origin"] == "DIGILOCKER"]
    assert shown
    assert all(node["document"] is None for node in shown)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INTEGRITY"}


def test_readiness_does_not_depend_on_any_outside_system(running):
    import httpx

    with running.without("digilocker"), running.without("dbt_finance"):
        assert httpx.get(f"{running.url}/health/ready").status_code == 200
