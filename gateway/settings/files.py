"""Settings of uploaded files, their scanner and their storage."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from domain.uploads.files import FileRules


class Files(BaseModel):
    """How large a file may be, how long a link to it holds, and when one that nothing names is deleted."""

    largest_bytes: int = Field(
        default=2 * 1024 * 1024, gt=0, le=20 * 1024 * 1024, description="Bytes of one uploaded file."
    )
    largest_by_document: dict[str, int] = Field(
        default_factory=dict,
        description="Bytes of one paper of a kind, as a JSON object by the paper's key, such as "
        '`{"applicant-photo": 102400}`; others go by `LARGEST_BYTES`, which bounds all.',
    )
    largest_pixels: int = Field(
        default=25_000_000, gt=0, le=100_000_000, description="Points of one picture, told before it is unpacked."
    )
    link_seconds: int = Field(
        default=300, gt=0, le=86_400, description="Seconds that a signed link to a file can be read."
    )
    unused_days: int = Field(
        default=7, gt=0, description="Days after which an uploaded file that nothing names is deleted."
    )
    unused_per_person: int = Field(
        default=100, gt=0, description="Files of one person that nothing names yet; more are refused."
    )
    partial_hours: int = Field(
        default=24, gt=0, description="Hours after which a file that stopped on its way is forgotten."
    )
    partial_per_person: int = Field(
        default=10, gt=0, description="Files of one person that are on their way at once; more are refused."
    )
    quarantine_days: int = Field(
        default=30, gt=0, description="Days that an infected file lies in quarantine, sealed, for who must look."
    )

    def rules(self) -> FileRules:
        """The same for the verbs."""
        return FileRules(**self.model_dump())


class MalwareScanner(BaseModel):
    """The scanner of files before they are accepted."""

    address: str | None = Field(
        default=None,
        pattern=r"^(?:/[^\s\x00]+|[A-Za-z0-9.-]+:[0-9]{1,5})$",
        description="Where ClamAV's daemon listens: the path of its socket, or `host:port`. Without it only the test "
        "file of EICAR is found.",
        json_schema_extra={"production": "must be set, unless `APUNI_ALLOW_UNSCANNED=1`"},
    )
    seconds: float = Field(default=20.0, gt=0, description="Seconds that one scan may take; then the file is refused.")


class S3(BaseModel):
    """An S3-compatible store for files, instead of a folder of this machine."""

    model_config = ConfigDict(hide_input_in_errors=True)

    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#]+$",
        description="The address of the store, without a path. Without it, files lie in `objects` in `APUNI_HOME`.",
        json_schema_extra={"production": "https, where it is set"},
    )
    bucket: str = Field(default="apuni", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="The bucket.")
    prefix: str = Field(
        default="",
        pattern=r"^(?:[A-Za-z0-9_-]+/)*$",
        description="What the names of files begin with, such as `files/`.",
    )
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]{1,40}$", description="The region of signatures.")
    access_key: str = Field(default="", description="The key's name.")
    secret_key: SecretStr = Field(default=SecretStr(""), description="The key. Secret.")
