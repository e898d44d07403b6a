"""kill -9 of the worker between a department's answer and our note of it: the department has what was sent once."""

import os
from typing import Any

import pytest

from store.database import crash_points
from tests.support.connecting import FILE
from tests.support.crashing import HUNG_SECONDS, Client, Processes, people_of
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

POINTS = (crash_points.DEPARTMENT_ANSWERED,)
VERSIONS = "{ connectorVersions { id sha256 } }"
APPROVE = "mutation($input: AnswerConnectorInput!) { answerConnector(input: $input) { userErrors { code } } }"
GRANT = "mutation($input: GrantConsentInput!) { grantConsent(input: $input) { userErrors { code } } }"
SEND = "mutation($input: SendToDepartmentInput!) { sendToDepartment(input: $input) { userErrors { code } } }"
CASES = "SELECT state, tried_at IS NOT NULL FROM department_cases"


def done(client: Client, mutation: str, **request: Any) -> None:
    answer = client.ask(mutation, {"input": {**request, "idempotencyKey": "once"}})
    assert answer == {name: {"userErrors": []} for name in answer}


def put_in_force(processes: Processes, name: str) -> None:
    """A command proposes the file, and an administrator approves it."""
    proposed = processes.run("connector", "publish", str(FILE[name]))
    assert proposed.returncode == 0, proposed.stderr
    admin = Client(processes.url, processes.token("officer", "admin-1"))
    [version] = admin.ask(VERSIONS, {})["connectorVersions"]
    done(admin, APPROVE, connectorId=version["id"], sha256=version["sha256"], approve=True)


def test_a_complaint_is_made_once_though_the_worker_dies_before_its_answer_is_noted(processes: Processes):
    processes.serve()
    put_in_force(processes, "smart_city")
    citizen = Client(processes.url, processes.token("citizen", people_of()[0]))
    done(citizen, GRANT, purpose="DEPARTMENT_SYSTEMS")
    inputs = {"category": "ROAD", "text": "गड्ढा", "place": "30.3165,78.0322"}
    given = [{"name": name, "value": value} for name, value in inputs.items()]
    done(citizen, SEND, system="smart_city", call="complain", inputs=given)

    processes.start("worker", crash_at=POINTS[0])
    assert processes.died("worker")
    noted, taken = processes.asked(CASES), processes.act("smart_city", "complaints")["complaints"]
    processes.start("worker")
    eventually(lambda: processes.asked(CASES), lambda found: found == [("SENT", True)], seconds=HUNG_SECONDS)

    assert (noted, len(taken)) == ([("QUEUED", True)], 1)
    assert processes.act("smart_city", "complaints")["complaints"].keys() == taken.keys()
