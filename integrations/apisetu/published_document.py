"""The OpenAPI 3 document of this state's published API, in the marketplace's style and in both languages.

The shape is that of docs/contracts/apisetu.md section 8: both keys in one security item, the answers of
docs/contracts/apisetu.md section 6 as components, one path for each document. `x-services` lists the whole catalogue.
What does not change with state and catalogue is published_document.json, as tools/reference/apisetu_document.py makes
it from the models that the endpoint reads and answers with.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domain.kernel.messages import label, portal_name
from domain.kernel.state import installed_state
from integrations.apisetu.published_models import PublishedDocument, PublishedService

ROOT = "/apisetu"


def document(
    url: str, publisher: str, documents: Sequence[PublishedDocument], services: Sequence[PublishedService]
) -> dict[str, Any]:
    """The document of a gateway that is reached at `url`."""
    state, portal = installed_state(), portal_name()
    made: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    certificate = made["paths"].pop("certificate")
    for each in documents:
        code, hindi = each.doctype.lower(), each.name.hi
        told = {
            "summary": each.name.en,
            "description": f"{each.name.en} · {hindi or each.name.en}",
            "x-name": {"en": each.name.en, "hi": hindi},
            "x-services": list(each.services),
        }
        newer, older = f"/certificate/v3/{publisher}/{code}", f"/{publisher}/v3/{code}/certificate"
        for path, operation in ((newer, code), (older, f"{code}Older")):
            made["paths"][path] = {"post": {"operationId": operation, **told, **certificate}}
    return {
        **made,
        "servers": [{"url": f"{url}{ROOT}"}],
        "info": {
            "title": f"{portal.en}, {state.name.en} · {portal.hi}, {state.name.hi}",
            "version": "3.0.0",
            "description": (
                f"Certificates that the State of {state.name.en} issues, given with the consent of their holders, and "
                f"the catalogue of its services. {label('apisetu.description', state.language)}"
            ),
            "termsOfService": f"{url}/apisetu/openapi.json",
            "contact": {"name": portal.en, "url": url},
        },
        "x-services": [service.model_dump(mode="json", by_alias=True) for service in services],
    }
