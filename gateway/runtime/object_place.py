"""Opens the object store: a local folder, or an S3-compatible store."""

from gateway.settings.settings import Settings
from store.database import EncryptedObjects, Keyrings, LocalBlobs, ObjectStore


def open_objects(settings: Settings, keyrings: Keyrings) -> ObjectStore:
    """The object store that the settings name; nothing is asked yet."""
    s3 = settings.s3
    if s3.endpoint is None:
        return EncryptedObjects(LocalBlobs(settings.objects_folder), keyrings)
    from store.database.s3_blobs import Credentials, S3Blobs, S3Place

    by = Credentials(s3.access_key, s3.secret_key.get_secret_value(), s3.region)
    return EncryptedObjects(S3Blobs(S3Place(s3.endpoint, s3.bucket, by, s3.prefix, s3.proxy)), keyrings)
