"""Opens the object store: a local folder, or an S3-compatible store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.kernel import Clock
from gateway.settings.settings import Settings
from store.database import LocalObjects, ObjectStore


@asynccontextmanager
async def open_objects(settings: Settings, clock: Clock) -> AsyncIterator[ObjectStore]:
    """The object store that the settings name, closed at the end."""
    if settings.s3.endpoint is None:
        yield LocalObjects(settings.objects_folder)
        return
    from store.database.s3_objects import Credentials, S3Objects, S3Place

    s3 = settings.s3
    by = Credentials(s3.access_key, s3.secret_key.get_secret_value(), s3.region)
    async with S3Objects.connect(S3Place(settings.s3.endpoint, s3.bucket, by, s3.prefix), clock) as objects:
        yield objects
