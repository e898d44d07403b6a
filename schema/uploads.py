"""Links to uploaded files, for those who may read them."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.documents.file_links import link_to
from domain.officers.desk import ReadPurpose
from domain.uploads.files import FileLink, MediaType
from schema.kernel import AUTHENTICATED, Info, require_signed_in, resolver_field


@strawberry.type(description="An uploaded file and an address at which it can be read for some minutes.")
class StoredFile:
    """A link: whoever holds the address can read the file until it has run out."""

    url: str = strawberry.field(description="Where it can be read, without a session.")
    expires_at: datetime = strawberry.field(description="Until when.")
    media_type: MediaType = strawberry.field(description="What it is, told from its content.")
    bytes: int = strawberry.field(description="Its size.")

    @classmethod
    def of(cls, link: FileLink) -> Self:
        """The graph's view of a link."""
        return cls(url=link.url, expires_at=link.expires_at, media_type=link.media_type, bytes=link.size)


@strawberry.type
class FilesQuery:
    @resolver_field(
        description="A link to an uploaded file: one's own, or one that belongs to something that one may see; null "
        "for everybody else. A read of another person's file is shown to her.",
        directives=[AUTHENTICATED],
    )
    async def file(
        self,
        info: Info,
        sha256: Annotated[str, strawberry.argument(description="Its SHA-256 in hexadecimal.")],
        purpose: Annotated[
            ReadPurpose | None,
            strawberry.argument(description="Why an officer reads it, where it belongs to a colleague's case."),
        ] = None,
    ) -> StoredFile | None:
        found = await link_to(info.context.environment, require_signed_in(info), sha256, stated=purpose)
        return StoredFile.of(found) if found else None
