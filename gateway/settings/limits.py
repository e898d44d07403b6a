"""Settings of the edge's limits: documents, rates, load, server (docs/reliability.md section 4)."""

from enum import StrEnum

from pydantic import BaseModel, Field

DEMO_COST_TIMES = 10
"""The demo's operations may cost so many times as much, so that one may look around."""

DEMO_TIMES = 1000
"""The demo's rate limits are so many times those of production (ADR 0017)."""


class DocumentMode(StrEnum):
    """Who may send documents that are not published; published ones are always taken (docs/clients.md)."""

    OPEN = "open"
    DEVELOPERS = "developers"
    TRUSTED = "trusted"


class Limits(BaseModel):
    """The edge's limits (docs/reliability.md section 4). Sizes are bytes, times seconds."""

    body_bytes: int = Field(default=100_000, gt=0, description="Maximum size of a request body in bytes.")
    body_seconds: float = Field(default=10.0, gt=0, description="Seconds in which a client must send the body.")
    json_depth: int = Field(default=24, gt=0, description="Maximum nesting depth of a JSON body.")
    json_keys: int = Field(default=5000, gt=0, description="Maximum number of keys in a JSON body, over all objects.")
    json_digits: int = Field(
        default=60, gt=0, description="Maximum number of consecutive digits in a JSON body, outside strings."
    )
    tokens: int = Field(default=1000, gt=0, description="Maximum number of lexical tokens of a GraphQL document.")
    depth: int = Field(default=10, gt=0, description="Maximum depth of an operation.")
    aliases: int = Field(default=15, gt=0, description="Maximum number of aliases in an operation.")
    root_fields: int = Field(default=10, gt=0, description="Maximum number of root fields of an operation.")
    cost: int = Field(
        default=1000,
        gt=0,
        description="Maximum cost of an operation in points (docs/federation.md). In the demo ten times as many.",
    )
    router_cost: int = Field(
        default=20_000, gt=0, description="The same for a router, which requests many entities at once."
    )
    read_seconds: float = Field(default=8.0, gt=0, description="Time limit of a query in seconds.")
    write_seconds: float = Field(default=15.0, gt=0, description="Time limit of a mutation in seconds.")


class Rates(BaseModel):
    """How much one caller may ask. In the demo a thousand times as much."""

    anonymous_per_minute: int = Field(
        default=60, gt=0, description="Operations per minute of one address without a session."
    )
    signed_in_per_minute: int = Field(default=300, gt=0, description="Operations per minute of one signed-in person.")
    router_per_minute: int = Field(
        default=6000,
        gt=0,
        description="Operations per minute that all routers together forward for people without a session. Signed-in "
        "people are counted individually.",
    )
    requests_per_minute: int = Field(
        default=300,
        gt=0,
        description="Requests per minute beside the graph (pages, files, forms, downloads) of one signed-in person, or "
        "of one address without a session.",
    )
    sign_ins_per_minute: int = Field(
        default=30,
        gt=0,
        description="Sign-ins that one address, or a person who adds an account, may begin per minute.",
    )
    partner_requests_per_minute: int = Field(
        default=6000,
        gt=0,
        description="Requests per minute of one address where outside systems call us, and where browsers come back "
        "from paying; each system has bounds of its own behind it.",
    )
    store_seconds: float = Field(
        default=0.25,
        gt=0,
        description="Seconds to wait for the shared counters (`APUNI_CACHE_URL`); after that the counters of this "
        "process are used.",
    )

    def times(self, factor: int) -> "Rates":
        """The same, so many times as generous."""
        per_minute = [name for name in type(self).model_fields if name.endswith("_per_minute")]
        return self.model_copy(update={name: getattr(self, name) * factor for name in per_minute})


class Load(BaseModel):
    """How many operations one process has under way, and who is guaranteed how many of them."""

    start: int = Field(default=20, gt=0, description="Concurrent operations allowed at the start.")
    least: int = Field(default=4, gt=0, description="The lowest value of the limit.")
    most: int = Field(default=200, gt=0, description="The highest value of the limit.")
    wait_seconds: float = Field(
        default=0.5,
        ge=0,
        description="Seconds that a request may wait for its turn. As many wait as have it in half of that.",
    )
    overload_wait_seconds: float = Field(
        default=0.01, ge=0, description="Seconds after which a request that cannot have its turn in time is refused."
    )
    lag_seconds: float = Field(
        default=0.01, gt=0, description="Lag of the event loop in seconds above which the limit is lowered."
    )
    citizens_percent: int = Field(
        default=60, ge=1, le=100, description="Share guaranteed to citizens and operators, in per cent."
    )
    officers_percent: int = Field(default=25, ge=1, le=100, description="Share guaranteed to officers, in per cent.")
    partners_percent: int = Field(
        default=15, ge=1, le=100, description="Share guaranteed to UMANG, e-Taal and DigiLocker, in per cent."
    )
    strangers_percent: int = Field(
        default=50,
        ge=1,
        le=100,
        description="The most that people without a session may take, in per cent; signed-in people go first.",
    )


class Server(BaseModel):
    """The HTTP server under the gateway. Sizes are bytes, times seconds."""

    concurrency: int = Field(
        default=400,
        gt=0,
        description="Maximum number of connections of a process. In a "
        "full one the oldest that waits for a whole request gives way.",
    )
    backlog: int = Field(default=512, gt=0, description="Maximum number of connections waiting to be accepted.")
    keep_alive_seconds: int = Field(default=5, gt=0, description="Seconds for which an idle connection is kept open.")
    drain_seconds: int = Field(
        default=20, gt=0, description="Seconds in which requests in progress may finish after SIGTERM."
    )
    notice_seconds: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="Seconds after SIGTERM for which readiness is false while requests are still accepted, so that a "
        "load balancer stops sending them.",
    )
    websocket_bytes: int = Field(default=65_536, gt=0, description="Maximum size of a WebSocket message in bytes.")
    headers: int = Field(default=100, gt=0, description="Maximum number of headers of a request.")
    head_bytes: int = Field(default=32_768, gt=0, description="Maximum size of the request line and headers in bytes.")
    head_seconds: float = Field(
        default=10.0, gt=0, description="Seconds in which a client must send the request line and headers."
    )
    body_seconds: float = Field(
        default=120.0, gt=0, description="Seconds in which a client must send any request body."
    )
    hosts: list[str] = Field(
        default_factory=list,
        description="Further values of the header Host by which the gateway may be called outside the demo, as a JSON "
        "list: names, with their port where it is not that of the scheme. That of `APUNI_PUBLIC_URL` is always taken; "
        "any other gets 421. Probes and `/metrics` may be called by any.",
    )
    trusted_proxies: list[str] = Field(
        default_factory=list,
        description="The addresses of load balancers whose `X-Forwarded-For` is trusted, as a JSON list. If unset, "
        "the client's address is that of the connection.",
    )
