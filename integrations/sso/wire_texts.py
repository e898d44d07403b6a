"""The wire format of an SMS with a one-time code. INFERRED: the state's SMS gateway publishes no contract.

`POST /texts/v1/messages`, JSON, `Authorization: Bearer <key>`; each `reference` is sent once, a second time is answered
like the first; 200 with `{"reference", "state": "ACCEPTED"}`. `template` is what the operator's registration of
templates (TRAI, DLT) goes by.
"""

from typing import Any

from domain.kernel import Source
from integrations.calling.errors import Garbled
from integrations.identity import text_of

MESSAGES_PATH = "/texts/v1/messages"


def message(*, reference: str, mobile: str, text: str, template: str) -> dict[str, str]:
    """The body of a message. `mobile` is ten digits and goes out with the country's code."""
    return {"reference": reference, "to": f"+91{mobile}", "text": text, "template": template}


def read_receipt(body: dict[str, Any], reference: str) -> None:
    """Raise Garbled unless the answer says that this message was accepted."""
    if text_of(body, "reference") != reference or body.get("state") != "ACCEPTED":
        raise Garbled(Source.SSO, "text_receipt")
