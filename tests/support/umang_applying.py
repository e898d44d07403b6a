"""A citizen of UMANG who applies: what she hands in, and what then lies in our store."""

from collections.abc import Mapping
from typing import Any

from jsonschema_rs import Draft202012Validator
from sqlalchemy import func, select

from gateway.umang.description import document
from store.applications import applications
from store.tables import metadata
from tests.support.graph import ASHA, LOCKER_URI
from tests.support.umang import Portal

PAPER = {"key": "id-proof", "uri": LOCKER_URI, "source": "DIGILOCKER"}
PLACE = {"district": "49", "tehsil": "304"}
INCOME: Mapping[str, Any] = {
    "serviceCode": "ES09",
    "formData": {"purpose": "school", **PLACE},
    "documents": [PAPER],
    "clientRef": "c-1",
}


async def filed(portal: Portal, tracker: str = "zapply1") -> dict[str, Any]:
    view = await portal.call("applyService", **INCOME, _tracker=tracker)
    assert view["rc"] == "APSK0000", view
    payload: dict[str, Any] = view["pd"]
    return payload


async def count(portal: Portal, table: str) -> int:
    async with portal.env.store.read_transaction() as tx:
        return int((await tx.connection.execute(select(func.count()).select_from(metadata.tables[table]))).scalar_one())


def fits(portal: Portal, operation: str, answer: Mapping[str, Any]) -> None:
    """The answer is as the OpenAPI document says."""
    described = document("http://gateway.test", portal.settings)
    schema = described["paths"][f"/umang/ws1/{operation}"]["post"]["responses"]["200"]["content"]["application/json"]
    whole = {**schema["schema"], "components": described["components"]}
    Draft202012Validator(whole).validate({name: answer[name] for name in ("rs", "rc", "rd", "pd")})


async def the_application(portal: Portal) -> Any:
    async with portal.env.store.read_transaction() as tx:
        [held] = await applications.page_of_citizen(tx, ASHA, limit=5)
    return held
