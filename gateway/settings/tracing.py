"""Settings of traces (docs/observation.md)."""

from pydantic import BaseModel, ConfigDict, Field

from domain.kernel import Source


class Tracing(BaseModel):
    """Where traces go, how many, and which systems are told of them."""

    model_config = ConfigDict(hide_input_in_errors=True)

    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="The address that takes traces by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`. If "
        "unset, nothing is traced.",
    )
    share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="The share of operations that is traced, from 0 to 1. A router that proves itself decides by its "
        "`traceparent` for its own requests.",
    )
    systems: list[Source] = Field(
        default=[],
        description="The outside systems, as a JSON list, whose requests carry `traceparent`: those that may know it.",
    )
