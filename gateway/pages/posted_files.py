"""Reads the body of a posted form with files: each file is checked and stored, and stands in the form by its reference.

The control of a file is named for the field that names the file, with the other members behind it:
`input.documents.0?key=income` gives the field `input.documents.0` the text `key=income&uri=...&source=UPLOAD`. Without
members, as `input.paper`, the field is the reference alone; a member that is empty takes it: `?key=income&uploadId=`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request

from actions.kernel import Environment
from actions.uploads.uploads import take_in, too_large
from domain.kernel import ErrorCode, Problem, Subject
from gateway.http.headers import media_type_of
from gateway.http.problems import RequestProblem
from gateway.http.upload_requests import MULTIPART, claimed_type, parsed_multipart, read_body
from schema.kernel.errors import OURS, problem_of

URLENCODED = "application/x-www-form-urlencoded"
MOST_FIELDS = 600
MOST_FILES = 8
"""Files in one posted form."""

WHOLE_FILES = 4
"""So many files of the largest size come in one posted form; a form with more of them is saved in between."""

_ENVELOPE = 256 * 1024
"""What the other fields and the boundaries of a body may take besides its files."""


@dataclass(slots=True)
class Posted:
    """The fields of a form, and what is wrong with its files by the field of each."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, Problem] = field(default_factory=dict)

    def take(self, name: str, default: str = "") -> str:
        """The last text of a field, which is taken out."""
        return self.fields.pop(name, [default])[-1]


async def read_fields(request: Request, most: int) -> Posted:
    """The fields of a form without files, of `most` bytes; none where the body is of another kind.

    Raises RequestProblem for one too large.
    """
    if media_type_of(request) != URLENCODED:
        return Posted()
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > most:
        raise RequestProblem(413, Problem(ErrorCode.BAD_INPUT, detail="BODY_TOO_LARGE"))
    posted = Posted()
    for name, text in (await request.form(max_files=0, max_fields=MOST_FIELDS)).multi_items():
        posted.fields.setdefault(name, []).append(str(text))
    return posted


async def read_fields_and_files(request: Request, env: Environment, subject: Subject) -> Posted:
    """The fields of a form with files of a signed-in person. Raises Problems, TimeoutError."""
    largest = env.rules.files.largest_of(None)
    body = await read_body(request, WHOLE_FILES * largest + _ENVELOPE, most=WHOLE_FILES * largest)
    posted = Posted()
    async with parsed_multipart(request.headers, body, files=MOST_FILES, fields=MOST_FIELDS) as parts:
        for name, part in parts.multi_items():
            if not isinstance(part, UploadFile):
                posted.fields.setdefault(name, []).append(part)
            elif part.size:
                way, _, members = name.partition("?")
                try:
                    posted.fields[way] = [
                        await _keep(env, subject, part, dict(parse_qsl(members, keep_blank_values=True)))
                    ]
                except OURS as error:
                    posted.refused[way] = problem_of(error)
    return posted


def has_files(request: Request) -> bool:
    """Whether the body is that of a form with controls of files."""
    return media_type_of(request) == MULTIPART


async def _keep(env: Environment, subject: Subject, part: UploadFile, members: Mapping[str, str]) -> str:
    """Check and store a file; what the field says that names it."""
    key = members.get("key")
    most = env.rules.files.largest_of(key)
    if (part.size or 0) > most:
        raise too_large(most)
    claimed = claimed_type(part.content_type or "")
    kept = await take_in(env, subject, await part.read(), claimed, document_key=key)
    if not members:
        return kept.reference
    named = {name: kept.reference for name, text in members.items() if not text}
    return urlencode({**members, **(named or {"uri": kept.reference, "source": "UPLOAD"})})
