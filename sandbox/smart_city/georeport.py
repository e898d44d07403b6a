"""Open311 GeoReport v2 in JSON and XML: answers, errors and the rules of one request for a service."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

MEDIA_TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
LONGEST_DESCRIPTION = 4000
PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
"""The first octets of the pictures that are taken."""
_LINK = re.compile(r"https?://[^\s<>\"]{4,2000}")
_PLACE = re.compile(r"-?\d{1,3}(\.\d{1,15})?")

SERVICES: Mapping[str, Mapping[str, Any]] = {
    "007": {"en": "Pothole in a road", "hi": "सड़क में गड्ढा", "group": "Roads", "attributes": ()},
    "011": {"en": "Street light out", "hi": "स्ट्रीट लाइट बंद", "group": "Lighting", "attributes": ("POLE",)},
    "021": {"en": "Garbage not collected", "hi": "कूड़ा नहीं उठा", "group": "Sanitation", "attributes": ()},
    "034": {"en": "Water leaking", "hi": "पानी का रिसाव", "group": "Water", "attributes": ()},
}
"""The services of the sandbox by code; `attributes` are asked for in the definition, and none is needed."""


class Wrong(Exception):
    """The request is refused as GeoReport v2 says ("Possible Errors")."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


def answer(shape: str, root: str, item: str, rows: Sequence[Mapping[str, Any]], status: int = 200) -> Response:
    """Rows as a JSON array, or as `<root><item>…</item></root>`."""
    if shape == "json":
        content = json.dumps([dict(row) for row in rows], ensure_ascii=False).encode()
    else:
        top = etree.Element(root)
        for row in rows:
            _add(etree.SubElement(top, item), row)
        content = etree.tostring(top, xml_declaration=True, encoding="utf-8")
    return Response(content, status, media_type=MEDIA_TYPES[shape])


def error(shape: str, wrong: Wrong) -> Response:
    """The error shape: `code` and `description`."""
    row = {"code": wrong.code, "description": wrong.description}
    return answer(shape, "errors", "error", [row], wrong.code)


def service_rows() -> list[dict[str, Any]]:
    """GET Service List."""
    return [
        {
            "service_code": code,
            "service_name": service["en"],
            "description": service["hi"],
            "metadata": bool(service["attributes"]),
            "type": "realtime",
            "keywords": "",
            "group": service["group"],
        }
        for code, service in SERVICES.items()
    ]


def definition(code: str) -> dict[str, Any]:
    """GET Service Definition."""
    attributes = [
        {
            "variable": True,
            "code": name,
            "datatype": "string",
            "required": False,
            "datatype_description": "",
            "order": number,
            "description": "Number on the pole",
        }
        for number, name in enumerate(SERVICES[code]["attributes"], 1)
    ]
    return {"service_code": code, "attributes": attributes}


def instant_of(text: str) -> datetime:
    """A W3C date and time with its zone."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise Wrong(400, f"{text[:40]} is no date in w3 format") from None
    if read.tzinfo is None:
        raise Wrong(400, f"{text[:40]} has no time zone")
    return read.astimezone(UTC)


async def read_report(form: FormData) -> dict[str, Any]:
    """What a POST Service Request asks for. Raises Wrong where the specification says 400 or 404."""
    given = {name: value for name, value in form.items() if isinstance(value, str)}
    code = given.get("service_code", "")
    if not code:
        raise Wrong(400, "service_code was not provided")
    if code not in SERVICES:
        raise Wrong(404, f"service_code {code[:20]} was not found")
    lat, long = given.get("lat", ""), given.get("long", "")
    has_place = bool(_PLACE.fullmatch(lat) and _PLACE.fullmatch(long))
    if (lat or long) and not (has_place and abs(float(lat)) <= 90 and abs(float(long)) <= 180):
        raise Wrong(400, "lat and long must be WGS84 decimals")
    if not (has_place or given.get("address_string") or given.get("address_id")):
        raise Wrong(400, "lat & long, address_string or address_id must be provided")
    if len(given.get("description", "")) > LONGEST_DESCRIPTION:
        raise Wrong(400, f"description is longer than {LONGEST_DESCRIPTION} characters")
    link = given.get("media_url", "")
    if link and not _LINK.fullmatch(link):
        raise Wrong(400, "media_url is no address")
    return {
        "service_code": code,
        "description": given.get("description", ""),
        "address": given.get("address_string", ""),
        "address_id": given.get("address_id", ""),
        "zipcode": None,
        "lat": float(lat) if has_place else None,
        "long": float(long) if has_place else None,
        "media_url": link,
        "media": await _picture(form),
    }


async def _picture(form: FormData) -> str | None:
    """The media type of a picture that came as the part `media`; None where none came."""
    upload = form.get("media")
    if not isinstance(upload, UploadFile):
        return None
    begin = await upload.read(8)
    found = next((kind for mark, kind in PICTURES.items() if begin.startswith(mark)), None)
    if found is None:
        raise Wrong(400, "media is no picture in JPEG or PNG")
    return found


def _add(parent: etree._Element, row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        child = etree.SubElement(parent, name)
        if isinstance(value, list):
            for each in value:
                _add(etree.SubElement(child, name.removesuffix("s")), each)
        elif value is not None:
            child.text = str(value).lower() if isinstance(value, bool) else str(value)
