"""The settings of files that people hand in."""

from pydantic import BaseModel, Field

from domain.files import FileRules


class Files(BaseModel):
    """How large a file may be, how long a link to it holds, and when one that nothing names is deleted."""

    largest_bytes: int = Field(
        default=2 * 1024 * 1024, gt=0, le=20 * 1024 * 1024, description="Bytes of one uploaded file."
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

    def rules(self) -> FileRules:
        """The same for the verbs."""
        return FileRules(**self.model_dump())
