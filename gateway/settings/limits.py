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

    body_bytes: int = Field(default=100_000, gt=0, description="Bytes of one request body.")
    body_seconds: float = Field(default=10.0, gt=0, description="Seconds that a caller may take to send a body.")
    json_depth: int = Field(default=24, gt=0, description="Levels of nesting in a JSON body.")
    json_keys: int = Field(default=5000, gt=0, description="Keys of all objects in a JSON body.")
    json_digits: int = Field(default=60, gt=0, description="Digits in a row, outside of strings, in a JSON body.")
    tokens: int = Field(default=1000, gt=0, description="Words and signs of one GraphQL document.")
    depth: int = Field(default=10, gt=0, description="Levels of fields in an operation.")
    aliases: int = Field(default=15, gt=0, description="Aliases in a document.")
    root_fields: int = Field(default=10, gt=0, description="Fields at the top of an operation.")
    cost: int = Field(
        default=1000,
        gt=0,
        description="Points that one operation may cost (docs/federation.md). In the demo ten times as many.",
    )
    router_cost: int = Field(
        default=20_000, gt=0, description="The same for a router, which asks for many entities at once."
    )
    read_seconds: float = Field(default=8.0, gt=0, description="Seconds that a query may take in all.")
    write_seconds: float = Field(default=15.0, gt=0, description="Seconds that a mutation may take in all.")


class Rates(BaseModel):
    """How much one caller may ask. In the demo a thousand times as much."""

    anonymous_per_minute: int = Field(
        default=60, gt=0, description="Operations a minute of one address without a session."
    )
    signed_in_per_minute: int = Field(default=300, gt=0, description="Operations a minute of one person.")
    router_per_minute: int = Field(
        default=6000,
        gt=0,
        description="Operations a minute that routers in front of us forward for people without a session, together. "
        "Whoever has a session counts for herself.",
    )
    store_seconds: float = Field(
        default=0.25,
        gt=0,
        description="Seconds to wait for the shared counters (`APUNI_CACHE_URL`); after them the request goes on "
        "by the counters of this process.",
    )

    def times(self, factor: int) -> "Rates":
        """The same, so many times as generous."""
        per_minute = ("anonymous_per_minute", "signed_in_per_minute", "router_per_minute")
        return self.model_copy(update={name: getattr(self, name) * factor for name in per_minute})


class Load(BaseModel):
    """How many operations one process has under way, and who is guaranteed how many of them."""

    start: int = Field(default=20, gt=0, description="Operations under way that are allowed at the start.")
    least: int = Field(default=4, gt=0, description="The fewest to which the limit falls.")
    most: int = Field(default=200, gt=0, description="The most to which the limit rises.")
    wait_seconds: float = Field(
        default=0.1, ge=0, description="Seconds that a request may wait for its turn in a short rush."
    )
    overload_wait_seconds: float = Field(
        default=0.02,
        ge=0,
        description="The same once requests have been waiting all the time for `WAIT_SECONDS`: then there is no rush "
        "to ride out, and whoever cannot be served is told so at once.",
    )
    lag_seconds: float = Field(
        default=0.025, gt=0, description="How late the event loop may run before the limit falls."
    )
    citizens_percent: int = Field(
        default=60, ge=1, le=100, description="Guaranteed to citizens, operators and the public."
    )
    officers_percent: int = Field(default=25, ge=1, le=100, description="Guaranteed to officers.")
    partners_percent: int = Field(default=15, ge=1, le=100, description="Guaranteed to UMANG, e-Taal and DigiLocker.")


class Server(BaseModel):
    """The HTTP server under the gateway. Sizes are bytes, times seconds."""

    concurrency: int = Field(default=400, gt=0, description="Connections of one process.")
    backlog: int = Field(default=512, gt=0, description="Connections that wait to be taken.")
    keep_alive_seconds: int = Field(default=5, gt=0, description="Seconds that an idle connection is kept.")
    drain_seconds: int = Field(default=20, gt=0, description="Seconds that requests under way may take after SIGTERM.")
    notice_seconds: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="Seconds after SIGTERM in which readiness is false and requests are still taken, so that a "
        "balancer looks elsewhere first.",
    )
    websocket_bytes: int = Field(default=65_536, gt=0, description="Bytes of one websocket message.")
    headers: int = Field(default=100, gt=0, description="Headers of one request.")
    head_bytes: int = Field(default=32_768, gt=0, description="Bytes of a request line with its headers.")
    head_seconds: float = Field(default=10.0, gt=0, description="Seconds that a caller may take to send a head.")
    body_seconds: float = Field(default=120.0, gt=0, description="Seconds that a caller may take to send any body.")
    trusted_proxies: list[str] = Field(
        default_factory=list,
        description="The addresses, as a JSON list, of balancers whose `X-Forwarded-For` is believed. "
        "Without it a caller's address is that of the connection.",
    )
