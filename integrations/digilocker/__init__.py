"""DigiLocker, the national document wallet: our client as requester, our endpoint as issuer."""

from integrations.digilocker.digests import HmacEncoding
from integrations.digilocker.issuer.endpoint import issuer_routes
from integrations.digilocker.issuer.inferred import URI_UNKNOWN
from integrations.digilocker.issuer.models import (
    PENDING,
    CopyFormat,
    IssuedCopy,
    Issuer,
    IssuerSettings,
    Pending,
    PullDocRequest,
    PullRequest,
)
from integrations.digilocker.requester.client import POLICIES, DigiLocker, open_clients
from integrations.digilocker.requester.codes import CODES
from integrations.digilocker.requester.drive import Walk
from integrations.digilocker.requester.models import (
    DigiLockerSettings,
    EAadhaar,
    Folder,
    FolderEntry,
    IssuedDocument,
    LockerFile,
    LockerGrant,
    PullDoctype,
    Pulled,
    PullIssuer,
    PullParameter,
    PullState,
    TokenAnswer,
    Uploaded,
)
from integrations.digilocker.requester.streamed_documents import FileStream, FileStreams
from integrations.digilocker.requester.uri_pushes import NOT_HELD, PushAction, PushedUri
from integrations.digilocker.requester.wire_drive import check_upload
from integrations.xml_signatures import Examined, examine
