"""Short-lived links to a citizen's own documents."""

from datetime import datetime

import strawberry

from actions.documents.document_links import DocumentName, link_to
from schema.kernel import Info


@strawberry.type(description="An address at which a document can be read for some minutes.")
class DocumentAddress:
    """Whoever holds it reads as she would, while her session and her consent hold."""

    url: str = strawberry.field(description="Where it can be read, without a session.")
    expires_at: datetime = strawberry.field(description="Until when.")
    media_type: str = strawberry.field(description="In which kind.")


def address_of(info: Info, citizen_id: str, name: DocumentName) -> DocumentAddress:
    """The graph's view of a link; access must have been decided before."""
    link = link_to(info.context.environment, info.context.subject, citizen_id, name)
    return DocumentAddress(url=link.url, expires_at=link.expires_at, media_type=link.media_type)
