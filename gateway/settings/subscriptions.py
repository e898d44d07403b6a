"""Settings of subscriptions and of the change feed that they read."""

from pydantic import BaseModel, Field


class Streams(BaseModel):
    """Subscriptions, and the feed of changes (docs/reliability.md section 4)."""

    connections: int = Field(
        default=250,
        gt=0,
        description="Maximum number of open streams of a process: WebSockets, SSE and multipart together. More get "
        "503. They count towards `APUNI_SERVER__CONCURRENCY`; the rest of it is left for requests.",
    )
    per_caller: int = Field(
        default=10,
        gt=0,
        description="Maximum number of open streams of one person, or of all who are not signed in at one address.",
    )
    init_seconds: float = Field(
        default=5.0, gt=0, description="Seconds in which a WebSocket client must send connection_init."
    )
    message_bytes: int = Field(
        default=65_536, gt=0, le=65_536, description="Maximum size of a client's message in bytes."
    )
    messages_a_minute: int = Field(
        default=100, gt=0, description="Maximum number of messages per minute of one WebSocket."
    )
    subscriptions: int = Field(
        default=10, gt=0, description="Maximum number of concurrent operations of one WebSocket."
    )
    subscriptions_per_caller: int = Field(
        default=20, gt=0, description="The same over all streams of one person, or of strangers at one address."
    )
    idle_seconds: float = Field(
        default=60.0, gt=0, description="Seconds after which a WebSocket without an operation is closed."
    )
    pending_events: int = Field(
        default=500,
        gt=0,
        description="Maximum number of events queued for one reader; with more the stream ends with READER_TOO_SLOW.",
    )
    send_seconds: float = Field(
        default=10.0, gt=0, description="Seconds in which a reader must accept a message before the stream is closed."
    )
    keep_alive_seconds: float = Field(
        default=15.0, gt=0, description="Seconds of silence after which SSE and multipart streams send a keep-alive."
    )
    look_seconds: float = Field(
        default=1.0,
        gt=0,
        description="Seconds between two reads of the change feed by a process. With `APUNI_CACHE_URL` changes arrive"
        " sooner.",
    )
    session_seconds: float = Field(
        default=2.0,
        gt=0,
        le=5.0,
        description="Seconds between two checks of the sessions of open streams, which end with the session.",
    )
