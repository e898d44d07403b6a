"""Versions of connectors' files, and how administrators propose, approve and roll them back."""

from datetime import datetime

import strawberry

from actions.connectors.versions import (
    MOST_LISTED,
    answer_connector,
    connector_desk,
    propose_connector,
    roll_back_connector,
)
from domain.connectors import ConnectorVersion as ConnectorVersionItem
from domain.connectors import ConnectorVersionState
from domain.kernel import Scope
from schema.kernel import AUTHENTICATED, View, label_field, staff_list
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.staff import TwoPersonProposal


@strawberry.type(directives=[AUTHENTICATED], description="One version of the file by which a system joins.")
class ConnectorVersion(TwoPersonProposal, View[ConnectorVersionItem]):
    item: strawberry.Private[ConnectorVersionItem]
    id: strawberry.ID = strawberry.field(description="Give it to answerConnector.")
    name: str = strawberry.field(description="Which system.")
    version: int = strawberry.field(description="Its number; the highest that is approved is in force.")
    content: str = strawberry.field(description="The file.")
    sha256: str = strawberry.field(description="The SHA-256 of the file's bytes, which a second person approves.")
    state: ConnectorVersionState = strawberry.field(description="How it stands.")
    withdrawn_at: datetime | None = strawberry.field(description="When it was rolled back.")

    state_label = label_field("connector_state", "item.state", description="How it stands, in words.")


@strawberry.type
class ConnectorVersionsQuery:
    connector_versions = staff_list(
        connector_desk,
        ConnectorVersion.of,
        size=MOST_LISTED,
        description="The latest versions of connectors, at most 50; null with NOT_FOUND for all but administrators.",
    )


_payload = thing_payload(
    "What became of a version of a connector.",
    "ConnectorVersionPayload",
    connector=Thing(ConnectorVersion, "The version; null when refused.", ConnectorVersion.of),
)


@strawberry.type
class ConnectorVersionsMutation:
    propose_connector = action_mutation(
        propose_connector,
        _payload,
        "Ask for a connector's file to go live; a second person has to approve it.",
        input_fields("A connector's file.", file="The file as text (docs/connectors.md)."),
        scopes=[Scope.STAFF],
    )
    answer_connector = action_mutation(
        answer_connector,
        _payload,
        "Approve or refuse a file that another person proposed; an approved one is in force at once.",
        input_fields(
            "What a second person says of a file.",
            connector_id="The version, as connectorVersions names it.",
            sha256="The hash of the file that was read.",
            approve="True brings it into force; false ends it, and nothing changes.",
        ),
        scopes=[Scope.STAFF],
    )
    roll_back_connector = action_mutation(
        roll_back_connector,
        _payload,
        "Withdraw the version in force of a connector; the one before it holds again.",
        input_fields(
            "The connector that is rolled back.",
            connector_id="The version in force, as connectorVersions names it.",
        ),
        scopes=[Scope.STAFF],
    )
