"""The examples of each connector: what is sent, and what an answer means."""

from datetime import date
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from integrations.calling.errors import Garbled, NotLetIn, Refused, Unavailable
from integrations.calling.policies import Effect
from integrations.connectors import Waiting, read_connector
from integrations.connectors.file import Example
from tests.support.connecting import FILES as ALL_FILES
from tests.support.connector_calls import SECRETS, Talk, talk_with

FILES = {file.stem: file.read_text(encoding="utf-8") for file in ALL_FILES}
OUTCOMES = {
    "absent": Refused,
    "garbled": Garbled,
    "refused": Refused,
    "unavailable": Unavailable,
    "not_let_in": NotLetIn,
}
EXAMPLES = [
    pytest.param(text, example, id=f"{name}-{number}")
    for name, text in FILES.items()
    for number, example in enumerate(read_connector(text.encode()).examples)
]


def answer_of(example: Example, *, xml: bool) -> httpx.Response:
    kind = "text/xml; charset=utf-8" if xml else "application/json"
    body = example.answer.get("body", "")
    return httpx.Response(example.answer["status"], content=body.encode(), headers={"content-type": kind})


def handler(example: Example, talk_xml: bool) -> Any:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/oauth/token"):
            return httpx.Response(200, json={"access_token": "t7", "token_type": "Bearer", "expires_in": 1800})
        if "/tokens/" in request.url.path and example.call != "ticket":
            return httpx.Response(200, json=[{"token": "12345"}])
        return answer_of(example, xml=talk_xml)

    return handle


async def asked(talk: Talk, example: Example) -> list[dict[str, Any]]:
    call = talk.connector.calls[example.call]
    if call.effect is Effect.READ:
        found = await talk.client.read(call, example.inputs, citizen_id="asha", consent_id="C1")
        return [plain(row) for row in found.rows]
    return [plain(await talk.client.write(call, example.inputs, str(example.inputs["key"])))]


def plain(row: Any) -> dict[str, Any]:
    written = {name: one.isoformat() if isinstance(one, date) else one for name, one in row.items()}
    return {name: list(one) if isinstance(one, tuple) else one for name, one in written.items()}


@pytest.mark.parametrize(("text", "example"), EXAMPLES)
async def test_an_example_means_what_it_says(text: str, example: Example) -> None:
    talk = talk_with(text, handler(example, "soap" in text))

    absent = example.expected == "absent"
    writes = talk.connector.calls[example.call].effect is not Effect.READ
    if isinstance(example.expected, list) or (absent and not writes):
        assert await asked(talk, example) == ([] if absent else example.expected)
    elif example.expected == "waiting":
        with pytest.raises(Waiting) as waiting:
            await asked(talk, example)
        assert f'"{waiting.value.ticket}"' in example.answer["body"]
    else:
        with pytest.raises(OUTCOMES[example.expected]):
            await asked(talk, example)


@pytest.mark.parametrize(("text", "example"), [one for one in EXAMPLES if one.values[1].sent])
async def test_an_example_is_sent_as_it_says(text: str, example: Example) -> None:
    talk = talk_with(text, handler(example, "soap" in text))

    await asked(talk, example)

    sent = talk.requests[-1]
    for part in example.sent.get("contains", ()):
        assert part in unquote(sent.content.decode())
    for method in {"GET", "POST"} & example.sent.keys():
        assert sent.method == method
        assert sent.url.raw_path.decode() == talk.connector.address.path + example.sent[method]


async def test_the_proofs_of_every_kind_are_sent() -> None:
    talk = talk_with(
        FILES["smart_city"], lambda request: httpx.Response(200, json={"access_token": "t7", "expires_in": 60})
    )
    call = talk.connector.calls["complain"]
    inputs = {"category": "ROAD", "text": "गड्ढा", "place": {"lat": "30.3", "long": "78.0"}}

    with pytest.raises(Garbled):
        await talk.client.write(call, inputs, "K1")

    token, write, _ = talk.requests  # and the enquiry about the write
    assert token.headers["authorization"].startswith("Basic ")
    assert token.content == b"grant_type=client_credentials"
    assert write.headers["authorization"] == "Bearer t7"
    assert f"api_key={SECRETS['key']}" in write.content.decode()
