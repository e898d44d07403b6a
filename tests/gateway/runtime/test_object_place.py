"""Where files lie, as the settings say: a folder, or a real S3-compatible server."""

from dataclasses import replace

import pytest

from actions.documents.file_links import open_file, signed_link
from actions.uploads.uploads import sweep_unused, take_in
from gateway.runtime.composition import open_objects
from gateway.settings.files import S3
from gateway.settings.settings import Settings
from tests.support.files import pdf
from tests.support.graph import CITIZEN, Down, environment, seed
from tests.support.object_server import object_server


async def test_without_an_endpoint_files_lie_in_a_folder(tmp_path, store_keyrings):
    name = await open_objects(Settings(home=tmp_path), store_keyrings).put(b"x", "text/plain")

    assert (tmp_path / "objects" / "keys" / name[:2] / name[2:4] / name).exists()


@pytest.mark.long
@pytest.mark.integration
async def test_an_upload_lies_in_the_bucket_is_read_by_its_link_and_swept(
    tmp_path, sqlite_store, store_keyrings, store_clock
):
    with object_server(tmp_path) as place:
        by = place.credentials
        s3 = S3(
            endpoint=place.endpoint,
            bucket=place.bucket,
            prefix="papers/",
            access_key=by.access_key,
            secret_key=by.secret_key,
        )
        objects = open_objects(Settings(home=tmp_path, s3=s3), store_keyrings)
        env = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "unused", Down())
        await seed(env)
        env = replace(env, objects=objects)
        kept = await take_in(env, CITIZEN, pdf("in a bucket"))
        query = dict(part.split("=") for part in signed_link(env, kept).url.partition("?")[2].split("&"))
        found = await open_file(
            env, kept.sha256, upload_id=query["upload"], until=query["until"], signature=query["signature"]
        )
        assert found.content == pdf("in a bucket")
        assert not (tmp_path / "unused").exists()
        later = replace(env, rules=replace(env.rules, files=replace(env.rules.files, unused_days=-1)))
        assert await sweep_unused(later) == 1
        assert not await objects.exists(kept.sha256)
