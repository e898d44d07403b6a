"""What deploy/ holds meets the programs that read it: kubectl, Compose, systemd; and the image runs.

Run by `make deploy-check`. The image is run by podman; where that is not, it is entered by chroot as its user. Its
root cannot be written to either way.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from gateway.operations.screens import manifests
from tests.support.debian import program
from tests.support.eventually import eventually
from tests.support.installation import PATIENCE, PORTAL, ROOT
from tests.support.running import free_port

DEPLOY = ROOT / "deploy"
KUBERNETES = "1.32"
MOST_EXPOSED = 1.5
"""The most that `systemd-analyze security` may say of a unit, of 10."""
ARCHIVE, ROOTFS = ROOT / "build" / "image" / "apuni.tar", ROOT / "build" / "image" / "rootfs.tar"
ENDED = (0, -signal.SIGTERM, 128 + signal.SIGTERM)
"""How a process ends that was told to: podman gives a signal as a shell does."""
UNITS = sorted((DEPLOY / "systemd").glob("apuni-*.service"))
pytestmark = pytest.mark.integration


def run(*command: str | Path, **how) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE, **how)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def validator(tmp_path_factory) -> dict[str, str]:
    """The environment in which kubernetes-validate is found, installed by its lock, apart from the project's."""
    folder = tmp_path_factory.mktemp("validator")
    uv = Path(sys.executable).with_name("uv")
    run(uv, "pip", "install", "-q", "--require-hashes", "--target", folder, "-r", ROOT / "requirements" / "deploy.txt")
    return {**os.environ, "PYTHONPATH": str(folder)}


def rendered_by_kubectl(overlay: str) -> str:
    return run(program("kubectl", "kubernetes-client"), "kustomize", DEPLOY / "kubernetes" / "overlays" / overlay)


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_an_overlay_renders_to_what_kubernetes_takes(overlay: str, validator, tmp_path: Path):
    rendered = tmp_path / "rendered.yaml"

    rendered.write_text(rendered_by_kubectl(overlay))

    run(sys.executable, "-m", "kubernetes_validate", "-k", KUBERNETES, "--strict", rendered, env=validator)
    found = list(yaml.safe_load_all(rendered.read_text(encoding="utf-8")))
    assert {"Deployment", "Job", "NetworkPolicy"} <= {one["kind"] for one in found}
    assert {one["metadata"].get("namespace", f"apuni-{overlay}") for one in found} == {f"apuni-{overlay}"}


def test_in_staging_one_pod_has_the_sandboxes_and_both_that_ask_them_on_their_loopback():
    objects = list(yaml.safe_load_all(rendered_by_kubectl("staging")))

    pods = [one["spec"]["template"]["spec"] for one in objects if one["kind"] == "Deployment"]
    assert [[one["args"] for one in pod["containers"]] for pod in pods] == [[["serve"], ["worker"]]]
    assert [(one["args"], one["restartPolicy"]) for one in pods[0]["initContainers"]] == [(["sandbox"], "Always")]


def test_compose_takes_its_file(tmp_path: Path):
    compose = program("docker-compose", "docker-compose")
    secrets = dict.fromkeys(("POSTGRES_PASSWORD", "VALKEY_PASSWORD", "S3_SECRET_KEY"), "made-for-a-test")
    environment = {**os.environ, **secrets, "APUNI_NAME": "apuni.example"}

    read = yaml.safe_load(run(compose, "-f", DEPLOY / "compose" / "compose.yaml", "config", env=environment))

    assert set(read["services"]) == {
        *("gateway", "worker", "migrate", "sandbox"),
        *("postgresql", "valkey", "s3", "clamav", "nginx"),
    }
    assert all(read["services"][name]["read_only"] for name in ("gateway", "worker", "migrate", "sandbox", "nginx"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_one_that_systemd_takes_and_is_hardly_exposed(unit: Path, tmp_path: Path):
    analyze = program("systemd-analyze", "systemd")
    placed = tmp_path / unit.name  # the same, with a command that this machine has
    placed.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text("utf-8"), flags=re.MULTILINE))

    run(analyze, "verify", "--man=no", placed)

    told = run(analyze, "security", "--offline=true", "--no-pager", unit)
    (score,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", told)
    assert float(score) <= MOST_EXPOSED


class Image(ABC):
    """The image with its settings: it may write to its home and to memory."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.port, self.metrics_port = environment["APUNI_PORT"], environment["METRICS_PORT"]

    @abstractmethod
    def command(self, *arguments: str) -> list[str]:
        """What runs `apuni` of the image."""

    def run(self, *arguments: str) -> str:
        return run(*self.command(*arguments), env=self.environment)

    @contextmanager
    def running(self, command: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
        """A process of the image; a SIGTERM ends it, if nobody sent it one before."""
        with log.open("wb") as out:
            process = subprocess.Popen(self.command(command), env=self.environment, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.terminate()
            # uvicorn gives the signal back to itself once all is closed.
            assert process.wait(PATIENCE) in ENDED, log.read_text("utf-8", "replace")[-3000:]


class Container(Image):
    """The image in a container of podman, as deploy/compose wants it: no root, no capability, nothing to write to."""

    HARDENED = ("--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--memory=1g", "--cpus=2")
    # crun refuses a machine that has the second version of cgroups beside the first.
    ONE_VERSION = 'if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi; exec "$@"'

    def __init__(self, home: Path, places: tuple[Path, ...], environment: dict[str, str], folder: Path) -> None:
        super().__init__(environment)
        self.environment = {"PATH": os.environ["PATH"], "PODMAN_IGNORE_CGROUPSV1_WARNING": "1"}
        self.podman = [
            shutil.which("podman") or "",
            f"--root={folder / 'storage'}",
            f"--runroot={folder / 'runroot'}",
            "--cgroup-manager=cgroupfs",
        ]
        told = run(*self.podman, "load", "--quiet", "--input", ARCHIVE, env=self.environment)
        self.name = told.split()[-1]
        binds = [f"--volume={home}:/var/lib/apuni", *(f"--volume={place}:/run/{place.name}" for place in places)]
        given = [f"--env={name}={value}" for name, value in environment.items() if name != "PATH"]
        self.options = [*self.HARDENED, "--rm", "--network=host", *binds, *given]

    def command(self, *arguments: str) -> list[str]:
        apart = ["unshare", "--mount", "--propagation", "private", "sh", "-c", self.ONE_VERSION, "sh"]
        return [*apart, *self.podman, "run", *self.options, self.name, *arguments]


class Chroot(Image):
    """The root of the image, entered as its user: the root is read-only, what it may write is beside it."""

    def __init__(self, root: Path, home: Path, places: tuple[Path, ...], environment: dict[str, str]) -> None:
        binds = ((home, "/var/lib/apuni"), *((place, f"/run/{place.name}") for place in places))
        made = "\n".join(f"mkdir -p {root}/run/{place.name}" for place in places)
        self.script = "\n".join(
            (
                "set -e",
                f"mount --bind {root} {root} && mount -o remount,bind,ro {root}",
                *(f"mount -t tmpfs -o mode=1777 tmpfs {root}/{name}" for name in ("tmp", "run")),
                made,
                f"mount --rbind /dev {root}/dev",
                *(f"mount --bind {place} {root}{inside}" for place, inside in binds),
                f'exec chroot --userspec=10001:10001 {root} /opt/apuni/bin/apuni "$@"',
            )
        )
        super().__init__(environment)

    def command(self, *arguments: str) -> list[str]:
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", self.script, "apuni", *arguments]


@pytest.fixture
def image(postgres_server, valkey_server, tmp_path: Path) -> Iterator[Image]:
    """The image as it was built, or is built now, over a real PostgreSQL and Valkey on their sockets."""
    if not ARCHIVE.exists():
        program("mmdebstrap", "mmdebstrap")
        program("buildah", "buildah netavark")
        run(DEPLOY / "image" / "build.sh")
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 10001, 10001)
    valkey = valkey_server.socket
    for place, mode in ((postgres_server.folder, 0o755), (valkey.parent, 0o755), (valkey, 0o777)):
        place.chmod(mode)
    store, vault = postgres_server.database(), postgres_server.database()
    at = f"postgresql://postgres@/%s?host=/run/{postgres_server.folder.name}"
    environment = {
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "APUNI_PROFILE": "staging",
        "APUNI_HOME": "/var/lib/apuni",
        "APUNI_PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        "APUNI_PUBLIC_URL": PORTAL,
        "APUNI_DATABASE_URL": at % store,
        "APUNI_VAULT_URL": at % vault,
        "APUNI_CACHE_URL": f"unix:///run/{valkey.parent.name}/{valkey.name}",
        "APUNI_ALLOW_SOFTWARE_KEYS": "1",
        "APUNI_ALLOW_UNSCANNED": "1",
        "APUNI_SERVER__NOTICE_SECONDS": "10",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    places, folder = (postgres_server.folder, valkey.parent), tmp_path / "image"
    folder.mkdir()
    if shutil.which("podman"):
        yield Container(home, places, environment, folder)
    else:
        run("tar", "-C", folder, "-xf", ROOTFS)
        yield Chroot(folder, home, places, environment)
    for name in (store, vault):
        postgres_server.drop(name)
    shutil.rmtree(folder)


@pytest.mark.skipif(os.environ.get("BOUND") == "ci", reason="the image takes four minutes to build")
def test_gateway_and_worker_of_the_image_answer_a_query_from_a_root_that_cannot_be_written_to(image, tmp_path: Path):
    states = "/opt/apuni/lib/python3.13/site-packages/states/uttarakhand"
    for arguments in (["keys", "init"], ["migrate"], ["catalogue", "import", states], ["operations", "publish"]):
        image.run(*arguments)
    ports, listens = tmp_path / "home" / "run" / "ports.json", f"http://127.0.0.1:{image.port}"
    (manifest,) = manifests(app="citizen_app")
    (operation,) = [one for one in manifest.operations if one.name == "NotifiedServices"]
    asked = {"documentId": operation.id, "variables": {"first": 1}}

    with image.running("sandbox", tmp_path / "sandbox.log"):
        eventually(ports.exists, bool, seconds=PATIENCE)
        with (
            image.running("serve", tmp_path / "serve.log") as gateway,
            image.running("worker", tmp_path / "worker.log"),
            httpx.Client(base_url=listens, headers={"host": PORTAL.removeprefix("https://")}, timeout=60) as client,
        ):
            eventually(lambda: readiness(client), lambda said: said == 200, seconds=PATIENCE)
            answer, guide = client.post("/graphql", json=asked).json(), client.get("/docs/README.html")
            metrics = f"http://127.0.0.1:{image.metrics_port}/metrics"
            eventually(lambda: "apuni_worker_job_runs" in httpx.get(metrics).text, bool, seconds=PATIENCE)

            gateway.terminate()
            eventually(lambda: readiness(client), lambda said: said == 503)
            drained = client.post("/graphql", json=asked).json()

    assert answer["data"]["notifiedServices"]["totalCount"] > 0
    assert drained["data"] == answer["data"]
    assert "You build an app" in guide.text
    with tarfile.open(ROOTFS) as root:
        assert root.getmember("./usr/share/apuni/sbom.cdx.json").size > 10_000
        assert not {"./usr/bin/sh", "./usr/bin/dash", "./usr/bin/apt"} & set(root.getnames())


def readiness(client: httpx.Client) -> int:
    """What the gateway of the image says of itself; 0 where nothing answers."""
    try:
        return client.get("/health/ready").status_code
    except httpx.HTTPError:
        return 0
