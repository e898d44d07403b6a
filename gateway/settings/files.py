"""Settings of uploaded files, their scanner and their storage."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from domain.uploads.files import FileRules


class Files(BaseModel):
    """How large a file may be, how long a link to it holds, and when one that nothing names is deleted."""

    largest_bytes: int = Field(
        default=2 * 1024 * 1024, gt=0, le=20 * 1024 * 1024, description="Maximum size of an uploaded file in bytes."
    )
    largest_by_document: dict[str, int] = Field(
        default_factory=dict,
        description="Maximum size in bytes by kind of document, as a JSON object by the document's key, such as "
        '`{"applicant-photo": 102400}`; `LARGEST_BYTES` applies to the others and is the limit for all.',
    )
    largest_pixels: int = Field(
        default=25_000_000,
        gt=0,
        le=100_000_000,
        description="Maximum number of pixels of an image, checked before it is decoded.",
    )
    link_seconds: int = Field(
        default=300, gt=0, le=86_400, description="Seconds for which a signed link to a file is valid."
    )
    unused_days: int = Field(
        default=7, gt=0, description="Days after which an uploaded file that nothing refers to is deleted."
    )
    unused_per_person: int = Field(
        default=100, gt=0, description="Maximum number of one person's uploaded files that nothing refers to yet."
    )
    partial_hours: int = Field(default=24, gt=0, description="Hours after which an incomplete upload is deleted.")
    partial_per_person: int = Field(default=10, gt=0, description="Maximum number of one person's uploads in progress.")
    quarantine_days: int = Field(
        default=30,
        gt=0,
        description="Days for which an infected file is kept in quarantine, encrypted, for investigation.",
    )

    def rules(self) -> FileRules:
        """The same for the verbs."""
        return FileRules(**self.model_dump())


class MalwareScanner(BaseModel):
    """The scanner of files before they are accepted."""

    address: str | None = Field(
        default=None,
        pattern=r"^(?:/[^\s\x00]+|[A-Za-z0-9.-]+:[0-9]{1,5})$",
        description="Where ClamAV's daemon listens: the path of its socket, or `host:port`. If unset, only the EICAR "
        "test file is detected.",
    )
    seconds: float = Field(
        default=20.0, gt=0, description="Maximum duration of a scan in seconds; after it the file is refused."
    )


class S3(BaseModel):
    """An S3-compatible store for files, instead of a folder of this machine."""

    model_config = ConfigDict(hide_input_in_errors=True)

    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#]+$",
        description="The address of the store, without a path. If unset, files are kept in `objects` in `APUNI_HOME`.",
    )
    bucket: str = Field(default="apuni", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="The bucket.")
    prefix: str = Field(
        default="", pattern=r"^(?:[A-Za-z0-9_-]+/)*$", description="The prefix of object names, such as `files/`."
    )
    region: str = Field(
        default="us-east-1", pattern=r"^[a-z0-9-]{1,40}$", description="The region used in request signatures."
    )
    access_key: str = Field(default="", description="The access key ID.")
    proxy: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+$",
        description="The proxy on the way to the store. If unset, none is used, whatever the environment names.",
    )
    secret_key: SecretStr = Field(default=SecretStr(""), description="The secret access key. Secret.")
