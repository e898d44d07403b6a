"""Settings of subscriptions and of the change feed that they read."""

from pydantic import BaseModel, Field


class Streams(BaseModel):
    """Subscriptions, and the feed of changes (docs/reliability.md section 4)."""

    connections: int = Field(
        default=250,
        gt=0,
        description="Streams that may be open in one process: sockets, SSE and multipart together. More get 503. They "
        "count among the connections of `APUNI_SERVER__CONCURRENCY`; the rest of those is left for requests.",
    )
    init_seconds: float = Field(default=5.0, gt=0, description="Seconds in which a socket must send connection_init.")
    message_bytes: int = Field(default=65_536, gt=0, le=65_536, description="Bytes of one message from a client.")
    messages_a_minute: int = Field(default=100, gt=0, description="Messages that one socket may send in a minute.")
    subscriptions: int = Field(default=10, gt=0, description="Operations that one socket may have open at once.")
    pending_events: int = Field(
        default=500, gt=0, description="Events that wait for one reader; with more she is dropped: READER_TOO_SLOW."
    )
    send_seconds: float = Field(
        default=10.0, gt=0, description="Seconds in which a reader must take a message, or she is dropped."
    )
    keep_alive_seconds: float = Field(
        default=15.0, gt=0, description="Seconds of silence after which SSE and multipart streams say that they live."
    )
    look_seconds: float = Field(
        default=1.0,
        gt=0,
        description="How often each process looks into the feed. With `APUNI_CACHE_URL` it is told sooner.",
    )
    session_seconds: float = Field(
        default=2.0,
        gt=0,
        le=5.0,
        description="How often the sessions of open streams are looked up: sign-outs end them.",
    )
