"""What the gateway answered once, as the REST answers of one upstream that nginx gives to the other servers."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gateway.processes import answers
from tests.support.eventually import eventually
from tests.support.running import free_port

_NGINX = """
daemon off; master_process off; worker_processes 1; error_log {place}/error.log crit; pid {place}/nginx.pid;
{user}
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_timeout 300; keepalive_requests 100000000;
  open_file_cache max=1000 inactive=600s; open_file_cache_valid 600s; default_type application/json;
  client_body_temp_path {place}/b; proxy_temp_path {place}/p; fastcgi_temp_path {place}/f;
  uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {place}/answers;
    location = /services {{ try_files /services-first-$arg_first =404; }}
    location = /applications {{ try_files /applications-first-$arg_first =404; }}
    location / {{ try_files $uri =404; }}
  }}
}}
"""


@dataclass(frozen=True)
class Recorded:
    """Answers of one citizen by path, and what each row's answer must be."""

    answers: Mapping[str, Any]
    expected: Mapping[str, Any]

    @classmethod
    def answers_of_citizen(
        cls, readme: Mapping[str, Any], codes: Mapping[str, str], ten: Mapping[str, Any], name: str
    ) -> "Recorded":
        """From the answers to README's query, with its services' codes by number, and to that of ten services."""
        viewer = readme["viewer"]
        applications = viewer["applications"]["nodes"]
        hers = "?citizen=1"
        shown = [
            {
                "number": one["number"],
                "status": one["status"],
                "deadline": one["deadline"],
                "serviceCode": codes[one["number"]],
            }
            for one in applications
        ]
        named = {codes[one["number"]]: one["service"]["name"] for one in applications}
        answers: dict[str, Any] = {
            "/viewer": {"id": "1", "name": name},
            f"/applications{hers}&first=5": {"nodes": shown},
            f"/certificates{hers}": viewer["certificates"],
            f"/benefits{hers}": viewer["benefits"],
            f"/ration-card{hers}": viewer["rationCard"],
            f"/linked-accounts{hers}": viewer["linkedAccounts"],
            "/services?first=3": {
                **readme["services"],
                "nodes": [{**one, "department": None} for one in readme["services"]["nodes"]],
            },
            "/services?first=10": {**ten["services"], "totalCount": readme["services"]["totalCount"]},
            "/sources": readme["sources"],
        }
        for code, service in named.items():
            answers[f"/services/{code}"] = {"code": code, "name": service, "department": None}
        own = {"name": name, "applications": viewer["applications"]}
        expected = {
            "typename": {"__typename": "Query"},
            "services": ten,
            "own": {"viewer": own},
            "certificates": {"viewer": {"certificates": viewer["certificates"]}},
            "readme": readme,
            "readme_live": readme,
        }
        return cls(answers, expected)


@contextmanager
def nginx(recorded: Recorded, place: Path) -> Iterator[str]:
    """The address of the recorded answers while nginx gives them."""
    for path, answer in recorded.answers.items():
        bare, _, query = path.partition("?")
        first = query.partition("first=")[2]
        file = place / "answers" / (bare.lstrip("/") + (f"-first-{first}" if first else ""))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (place / "nginx.conf").write_text(_NGINX.format(place=place, port=port, user=user), encoding="utf-8")
    process = subprocess.Popen([shutil.which("nginx") or "nginx", "-c", place / "nginx.conf", "-p", place])
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: answers(f"{url}/viewer"), bool, seconds=10)
        yield url
    finally:
        process.terminate()
        process.wait(10)
