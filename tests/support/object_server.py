"""A real S3-compatible server for tests: SeaweedFS from a wheel, on free ports, with one key, and one bucket."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from store.database.s3_blobs import Credentials, S3Place
from tests.support.eventually import eventually
from tests.support.running import free_port

CREDENTIALS = Credentials("apuni-test", "a-secret-of-the-tests", "us-east-1")
BUCKET = "apuni"


@contextmanager
def object_server(folder: Path) -> Iterator[S3Place]:
    """The server with an empty bucket, ended and emptied at the end."""
    names = ("master", "volume", "filer", "s3")
    drawn: set[int] = set()
    while len(drawn) < 2 * len(names):  # of several that are free the same may be drawn twice
        drawn.add(free_port())
    ports = dict(zip(names, drawn, strict=False))
    grpc = {f"{name}.port.grpc": port for name, port in zip(names, sorted(drawn - set(ports.values())), strict=True)}
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": CREDENTIALS.access_key, "secretKey": CREDENTIALS.secret_key}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    data = folder / "data"
    data.mkdir()
    flags = {**{f"{name}.port": port for name, port in ports.items()}, **grpc}
    command = [
        str(Path(sys.executable).with_name("weed")), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={data}",
        "-s3", f"-s3.config={config}", "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=8",
        "-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        *(f"-{name}={port}" for name, port in flags.items()),
    ]  # fmt: skip
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            endpoint = f"http://127.0.0.1:{ports['s3']}"
            eventually(lambda: _has_bucket(ports["filer"], endpoint, process), bool, seconds=60)
            yield S3Place(endpoint, BUCKET, CREDENTIALS, "files/")
        finally:
            process.kill()  # it takes its time to end in order, and nothing of it is needed
            process.wait()
            shutil.rmtree(data, ignore_errors=True)


def _has_bucket(filer: int, endpoint: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether the server answers; its bucket is a folder of its filer, which is made first."""
    assert process.poll() is None, "the object server ended"
    try:
        made = httpx.post(f"http://127.0.0.1:{filer}/buckets/{BUCKET}/", timeout=10)
        return made.status_code in (201, 409) and httpx.get(f"{endpoint}/{BUCKET}", timeout=10).status_code == 403
    except httpx.HTTPError:
        return False
