"""A gateway with the profile of production behind a real nginx, and a real HAProxy, with TLS, by the examples in
deploy/proxy. Run by `make deploy-check`.
"""

import asyncio
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import websockets

from tests.support.debian import program
from tests.support.eventually import eventually
from tests.support.pooled import PROXY
from tests.support.production import PUBLIC_URL, Production, production
from tests.support.running import free_port

HOST = PUBLIC_URL.removeprefix("https://")
QUERY = {"query": "{ __typename }"}
pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Edge:
    """A proxy with TLS, and the gateway behind it."""

    port: int
    plain_port: int
    folder: Path
    gateway: Production
    network: str
    """The first numbers of its callers' addresses, since the gateway counts by address."""

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "tls" / "fullchain.pem"))

    @contextmanager
    def client(self, caller: int, *, http2: bool = True) -> Iterator[httpx.Client]:
        """A client at an address of its own, which finds the name of the portal here."""
        transport = httpx.HTTPTransport(verify=self.trust(), http2=http2, local_address=f"{self.network}.{caller}")
        with httpx.Client(base_url=f"https://127.0.0.1:{self.port}", transport=transport, timeout=30) as client:
            client.headers["host"] = HOST
            client.event_hooks["request"] = [lambda request: request.extensions.update(sni_hostname=HOST)]
            yield client


def certificate(folder: Path) -> None:
    """A certificate of the portal's name, by itself."""
    folder.mkdir()
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "fullchain.pem"]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)


def placed(text: str, replacements: dict[str, str]) -> str:
    """An example with other places; each must be in it."""
    for old, new in replacements.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def gateway(postgres_server, tmp_path_factory) -> Iterator[Production]:
    settings = {"APUNI_SERVER__TRUSTED_PROXIES": '["127.0.0.1"]', "APUNI_STREAMS__KEEP_ALIVE_SECONDS": "1"}
    with production(postgres_server, tmp_path_factory.mktemp("edge") / "home", **settings) as started:
        yield started


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def edge(request, gateway: Production, tmp_path_factory) -> Iterator[Edge]:
    network = {"nginx": "127.0.2", "haproxy": "127.0.3"}[request.param]
    made = Edge(free_port(), free_port(), tmp_path_factory.mktemp(request.param), gateway, network)
    certificate(made.folder / "tls")
    command = {"nginx": nginx_of, "haproxy": haproxy_of}[request.param](made)
    process = subprocess.Popen(command)
    try:
        eventually(lambda: _listens(made.port), bool)
        yield made
    finally:
        process.terminate()
        process.wait(30)


def nginx_of(edge: Edge) -> list[str]:
    """The command of nginx by its example. Of its two gateways one is away."""
    nginx, folder = program("nginx", "nginx"), edge.folder
    places = {
        "user www-data;": "",
        "listen [::]": "# listen [::]",
        "listen 443": f"listen 127.0.0.1:{edge.port}",
        "listen 80": f"listen 127.0.0.1:{edge.plain_port}",
        "apuni.example": HOST,
        "127.0.0.1:8000": f"127.0.0.1:{edge.gateway.port}",
        "# server 10.0.0.12:8000": f"server 127.0.0.1:{free_port()}",
        "/etc/apuni/tls": str(folder / "tls"),
        "/run/nginx.pid": str(folder / "pid"),
        "/var/log/nginx": str(folder),
        "client_header_timeout 10s": "client_header_timeout 1s",
    }
    config = folder / "nginx.conf"
    config.write_text(placed((PROXY / "nginx.conf").read_text(encoding="utf-8"), places))
    subprocess.run([nginx, "-t", "-q", "-c", config], check=True)
    return [nginx, "-c", str(config), "-g", "daemon off;"]


def haproxy_of(edge: Edge) -> list[str]:
    """The command of HAProxy by its example. Of its two gateways one is away; so are the servers of PostgreSQL."""
    haproxy, tls = program("haproxy", "haproxy"), edge.folder / "tls"
    (tls / "haproxy.pem").write_bytes((tls / "key.pem").read_bytes() + (tls / "fullchain.pem").read_bytes())
    (tls / "patroni-ca.pem").write_bytes((tls / "fullchain.pem").read_bytes())
    places = {
        "user haproxy": "",
        "group haproxy": "",
        "bind :443": f"bind 127.0.0.1:{edge.port}",
        "bind :80": f"bind 127.0.0.1:{edge.plain_port}",
        "10.0.0.11:8000": f"127.0.0.1:{edge.gateway.port}",
        "10.0.0.12:8000": f"127.0.0.1:{free_port()}",
        "127.0.0.1:5000": f"127.0.0.1:{free_port()}",
        "10.0.0.2": "127.0.0.2",
        "/etc/apuni/tls": str(tls),
        "timeout http-request 10s": "timeout http-request 1s",
    }
    config = edge.folder / "haproxy.cfg"
    config.write_text(placed((PROXY / "haproxy.cfg").read_text(encoding="utf-8"), places))
    subprocess.run([haproxy, "-c", "-q", "-dW", "-f", config], check=True)
    return [haproxy, "-db", "-f", str(config)]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_query_is_answered_over_http_2_and_tls(edge: Edge):
    with edge.client(1) as client:
        answer = client.post("/graphql", json=QUERY, headers={"authorization": f"Bearer {edge.gateway.developer}"})

    assert (answer.http_version, answer.status_code) == ("HTTP/2", 200)
    assert answer.json()["data"] == {"__typename": "Query"}
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "server" not in answer.headers or answer.headers["server"] == "nginx"


def test_a_body_above_the_gateways_bound_is_refused_with_its_code(edge: Edge):
    with edge.client(2) as client:
        answer = client.post("/graphql", json={"query": "#" * 110_000})

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (413, "BAD_INPUT")


def test_a_body_far_above_it_does_not_reach_the_gateway(edge: Edge):
    with edge.client(2, http2=False) as client:
        answer = client.post("/graphql", content=b" " * 200_000, headers={"content-type": "application/json"})

    assert (answer.status_code, "x-request-id" in answer.headers) == (413, False)


def test_a_head_of_40_kilobytes_is_refused(edge: Edge):
    with edge.client(3, http2=False) as client:
        answer = client.get("/", headers={f"x-{number}": "a" * 10_000 for number in range(4)})

    assert answer.status_code == 400


def test_a_head_that_comes_slowly_is_cut_off(edge: Edge):
    with (
        socket.create_connection(("127.0.0.1", edge.port), timeout=20) as raw,
        edge.trust().wrap_socket(raw, server_hostname=HOST) as line,
    ):
        line.sendall(b"GET / HTTP/1.1\r\nHost: ")

        assert line.recv(1000).partition(b"\r\n")[0] in (b"", b"HTTP/1.1 408 Request Time-out")


async def test_a_socket_is_opened_and_acknowledged(edge: Edge):
    address = f"wss://{HOST}/graphql"
    async with (
        asyncio.timeout(30),
        websockets.connect(
            address, host="127.0.0.1", port=edge.port, ssl=edge.trust(), subprotocols=["graphql-transport-ws"]
        ) as line,
    ):
        payload = {"authorization": f"Bearer {edge.gateway.developer}"}
        await line.send(json.dumps({"type": "connection_init", "payload": payload}))

        assert json.loads(await line.recv())["type"] == "connection_ack"


def test_the_parts_of_a_stream_come_as_they_are_written(edge: Edge):
    document = "subscription { applicationChanged { cursor } }"
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {edge.gateway.citizen}"}
    with (
        edge.client(4) as client,
        client.stream("POST", "/graphql", json={"query": document}, headers=headers) as answer,
    ):
        first = next(answer.iter_raw())

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert first.startswith(b":")


def test_what_a_client_says_of_its_own_address_is_dropped(edge: Edge):
    with edge.client(5) as client, edge.client(6) as other:
        told = [{"x-forwarded-for": f"10.9.9.{n}", "forwarded": f"for=10.9.9.{n}"} for n in range(61)]
        asked = [client.post("/graphql", json=QUERY, headers=headers).status_code for headers in told]
        from_elsewhere = other.post("/graphql", json=QUERY).status_code

    assert asked[-1] == 429
    assert 429 not in asked[:60]
    assert from_elsewhere != 429


@pytest.mark.parametrize(("given", "kept"), [("order-4711-abc", True), ("no such id!", False)])
def test_a_request_has_one_id_on_the_whole_way(edge: Edge, given: str, kept: bool):
    with edge.client(7) as client:
        told = client.post("/graphql", json=QUERY, headers={"x-request-id": given}).headers["x-request-id"]

    assert (told == given) is kept
    log = edge.folder / "access.log"  # of nginx; HAProxy logs to the machine's
    if log.exists():
        eventually(lambda: log.read_text(encoding="utf-8"), lambda lines: told in lines)


@pytest.mark.parametrize("path", ["/metrics", "/health/ready"])
def test_probes_and_metrics_are_not_for_the_internet(edge: Edge, path: str):
    with edge.client(8) as client:
        assert client.get(path).status_code == 404


def test_another_host_gets_no_certificate(edge: Edge):
    with (
        socket.create_connection(("127.0.0.1", edge.port), timeout=20) as raw,
        pytest.raises(ssl.SSLError),
    ):
        edge.trust().wrap_socket(raw, server_hostname="elsewhere.example")


def test_plain_http_leads_to_https(edge: Edge):
    answer = httpx.get(f"http://127.0.0.1:{edge.plain_port}/services", headers={"host": HOST})

    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{HOST}/services")
