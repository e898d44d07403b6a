"""A receiver of traces by OTLP over HTTP: it reads the protobuf of each post by the published schema."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came in: the octets of each post and the spans in them, each with the name of its service."""

    url: str = ""
    posts: list[bytes] = field(default_factory=list)
    spans: list[Any] = field(default_factory=list)
    services: set[str] = field(default_factory=set)

    def named(self, begin: str) -> list[Any]:
        """The spans whose names begin so."""
        return [span for span in self.spans if span.name.startswith(begin)]

    def ancestors(self, span: Any) -> list[str]:
        """The names from a span up to the first one."""
        by_id, names = {each.span_id: each for each in self.spans}, []
        while span is not None:
            names.append(span.name)
            span = by_id.get(span.parent_span_id)
        return names


@contextmanager
def otlp_receiver() -> Iterator[Receiver]:
    """A receiver at a port of its own."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
        ExportTraceServiceResponse,
    )

    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            whole = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
            if whole:
                request = ExportTraceServiceRequest.FromString(body)
                receiver.posts.append(body)
                for resource in request.resource_spans:
                    names = {one.key: one.value.string_value for one in resource.resource.attributes}
                    receiver.services.add(names["service.name"])
                    receiver.spans += [span for scope in resource.scope_spans for span in scope.spans]
            self.send_response(200 if whole else 400)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
