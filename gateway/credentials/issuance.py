"""OpenID4VCI 1.0: the routes by which a wallet learns of us and fetches the credential that its holder was offered.

The token endpoint is that of apps (gateway/sign_in/authorization.py). Refusals carry the codes of the specification
(docs/contracts/signatures.md section 5.1); nothing that a wallet sent is logged.
"""

from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actions.certificates.credentials import FORMAT, credential_for, vct_of
from actions.certificates.published import CertificatePublisher
from actions.certificates.wallet_grants import WalletRefusal, make_nonce, open_token
from actions.identity.wallet_offers import referenced_offer
from actions.kernel import Environment
from domain.kernel import ErrorCode, Problem, TemporarilyUnavailable, spoken_languages
from domain.kernel.messages import label
from gateway.documents.authority import Authority
from gateway.graphql.answers import encode_json
from gateway.http.headers import EVERY_ANSWER, PLAIN_JSON, bearer_token, media_type_of
from gateway.http.public_keys import public_keys
from gateway.pages.refusals import refusal_response
from integrations.calling.answers import read_object
from integrations.calling.errors import Unreadable
from integrations.calling.incoming_calls import TooLarge, read_body
from store.database import KeyMissing, StoreError

METADATA, ISSUER_KEYS = "/.well-known/openid-credential-issuer", "/.well-known/jwt-vc-issuer"
NONCE, CREDENTIAL = "/credentials/nonce", "/credentials"
LONGEST_BODY = 16_384

_PUBLIC = {**EVERY_ANSWER, "Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
_HERS = {**EVERY_ANSWER, "Access-Control-Allow-Origin": "*"}


def issuance_routes(env: Environment, authority: Authority) -> list[Route]:
    """Metadata, keys, offers by reference, nonces and credentials."""
    issuer = _Issuer(env, authority)
    return [
        Route(METADATA, issuer.metadata, methods=["GET"]),
        Route(ISSUER_KEYS, issuer.keys, methods=["GET"]),
        Route("/credential-offers/{name}", issuer.offer, methods=["GET"]),
        Route(NONCE, issuer.nonce, methods=["POST"]),
        Route(CREDENTIAL, issuer.credential, methods=["POST"]),
    ]


class _Issuer:
    def __init__(self, env: Environment, authority: Authority) -> None:
        self._env = env
        self._authority = authority

    async def metadata(self, request: Request) -> Response:
        """What is issued, and where (OpenID4VCI 1.0)."""
        url = self._env.public_url
        try:
            documents = await CertificatePublisher(self._env).documents()
        except (StoreError, TemporarilyUnavailable):
            return refusal_response(request, Problem(ErrorCode.OVERLOADED), 503, {"Retry-After": "30"})
        body = {
            "credential_issuer": url,
            "credential_endpoint": url + CREDENTIAL,
            "nonce_endpoint": url + NONCE,
            "display": [
                {"name": label("certificate.state", language.catalogue), "locale": f"{language.value}-IN"}
                for language in spoken_languages()
            ],
            "credential_configurations_supported": {
                each.doctype: _configuration(url, each.doctype, {"hi": each.name.hi, "en": each.name.en})
                for each in documents
            },
        }
        return Response(encode_json(body), 200, _PUBLIC, "application/json")

    async def keys(self, _: Request) -> Response:
        """The keys of credentials (SD-JWT VC, JWT VC Issuer Metadata), older ones too."""
        body = {"issuer": self._env.public_url, "jwks": public_keys(self._env.keyrings, ["qr"])}
        return Response(encode_json(body), 200, _PUBLIC, "application/json")

    async def offer(self, request: Request) -> Response:
        """An offer by its reference; nobody but the wallet that was shown it knows the address."""
        try:
            found = await referenced_offer(self._env, request.path_params["name"])
        except StoreError:
            return refusal_response(request, Problem(ErrorCode.OVERLOADED), 503, {"Retry-After": "30"})
        if found is None:
            return refusal_response(request, Problem(ErrorCode.NOT_FOUND), 404)
        return JSONResponse(found, headers=_HERS)

    async def nonce(self, _: Request) -> Response:
        """A nonce for a proof."""
        return JSONResponse({"c_nonce": make_nonce(self._env)}, headers=_HERS)

    async def credential(self, request: Request) -> Response:
        """The credential itself."""
        try:
            grant = open_token(self._env, bearer_token(request.headers.get("authorization", "")))
            doctype, proof = read_request(media_type_of(request), await _body_of(request))
            made = await credential_for(self._env, grant, doctype, proof, self._chain())
        except WalletRefusal as refusal:
            return _refusal(refusal)
        except (StoreError, TemporarilyUnavailable):
            return JSONResponse({"error": "temporarily_unavailable"}, 503, {**_HERS, "Retry-After": "30"})
        return JSONResponse({"credentials": [{"credential": made}]}, headers=_HERS)

    def _chain(self) -> list[bytes]:
        """The certificates of the signing key without the root, in DER; none where none is installed."""
        try:
            return self._authority.chain("qr")
        except KeyMissing:
            return []


def _configuration(url: str, doctype: str, names: dict[str, Any]) -> dict[str, Any]:
    display = [{"name": name, "locale": f"{language}-IN"} for language, name in names.items() if name]
    return {
        "format": FORMAT,
        "vct": vct_of(url, doctype),
        "scope": doctype,
        "cryptographic_binding_methods_supported": ["jwk"],
        "credential_signing_alg_values_supported": ["ES256"],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}},
        "credential_metadata": {"display": display},
    }


async def _body_of(request: Request) -> bytes:
    try:
        return await read_body(request, LONGEST_BODY)
    except (TooLarge, ClientDisconnect):
        raise WalletRefusal("invalid_credential_request", "The request is too long") from None


def read_request(media_type: str, body: bytes) -> tuple[object, str]:
    """The configuration and the one proof. Raises WalletRefusal."""
    try:
        if media_type != PLAIN_JSON:
            raise WalletRefusal("invalid_credential_request", "application/json is needed")
        given = read_object(body)
    except Unreadable:
        raise WalletRefusal("invalid_credential_request", "The request is no JSON object") from None
    if "credential_identifier" in given or "credential_configuration_id" not in given:
        raise WalletRefusal("invalid_credential_request", "credential_configuration_id is needed")
    proofs = given.get("proofs")
    jwts = proofs.get("jwt") if isinstance(proofs, dict) and list(proofs) == ["jwt"] else None
    if not isinstance(jwts, list) or len(jwts) != 1 or not isinstance(jwts[0], str):
        raise WalletRefusal("invalid_proof", "One proof of the type jwt is needed")
    return given["credential_configuration_id"], jwts[0]


def _refusal(refusal: WalletRefusal) -> Response:
    body = {"error": refusal.error} | ({"error_description": refusal.description} if refusal.description else {})
    if refusal.error != "invalid_token":
        return JSONResponse(body, 400, _HERS)
    return JSONResponse(body, 401, {**_HERS, "WWW-Authenticate": 'Bearer error="invalid_token"'})
