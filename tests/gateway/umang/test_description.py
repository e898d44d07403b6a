"""What is published of UMANG's door: every operation with examples, and no field that the apps do not ask."""

import json

from graphql import FieldNode, OperationDefinitionNode, parse
from jsonschema_rs import Draft202012Validator

from gateway.operations.screens import screens
from gateway.umang.description import document
from tests.support.umang import Portal
from tools.reference.umang_operations import DESCRIBED


async def test_the_description_has_every_operation_with_examples_that_fit(portal: Portal):
    described = document("http://gateway.test", portal.settings)

    assert described["openapi"] == "3.1.0"
    assert {path.rpartition("/")[2] for path in described["paths"]} == set(portal.settings.services.values())
    for path, item in described["paths"].items():
        operation = item["post"]
        asked = operation["requestBody"]["content"]["application/json"]
        told = operation["responses"]["200"]["content"]["application/json"]
        for content in (asked, told):
            validator = Draft202012Validator({**content["schema"], "components": described["components"]})
            for example in content["examples"].values():
                validator.validate(example["value"])
        assert operation["operationId"] == path.rpartition("/")[2]
    assert set(DESCRIBED) == set(portal.settings.services.values())


def test_the_documents_of_umang_ask_the_fields_that_the_apps_ask():
    def roots(app: str) -> set[str]:
        found: set[str] = set()
        for screen in screens(app=app):
            for node in parse(screen.operation.body).definitions:
                if isinstance(node, OperationDefinitionNode):
                    found |= {one.name.value for one in node.selection_set.selections if isinstance(one, FieldNode)}
        return found

    assert roots("umang") <= roots("citizen_app"), json.dumps(sorted(roots("umang") - roots("citizen_app")))
