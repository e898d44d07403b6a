"""A remote signer (docs/contracts/signer.md): makes key pairs, gives their public halves, and signs digests."""

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_ALGORITHMS = {"EC-P256": "ES256", "RSA-2048": "RS256"}


class Signer:
    """The keys by id. `spoil` makes every signature a wrong one, `status` is answered in place of every result."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {}
        self.spoil = False
        self.status: int | None = None
        self.asked: list[str] = []

    def app(self) -> Starlette:
        """The server."""
        return Starlette(
            routes=[
                Route("/v1/keys/{key_id}", self.key, methods=["GET", "PUT", "DELETE"]),
                Route("/v1/keys/{key_id}/signatures", self.sign, methods=["POST"]),
            ]
        )

    async def key(self, request: Request) -> Response:
        """A key is made, told or deleted (docs/contracts/signer.md section 2)."""
        key_id = request.path_params["key_id"]
        self.asked.append(f"{request.method} {key_id}")
        if self.status is not None:
            return _refusal(self.status)
        if request.method == "DELETE":
            self.keys.pop(key_id, None)
            return Response(status_code=204)
        if request.method == "PUT":
            kind = (await request.json()).get("kind")
            if kind not in _ALGORITHMS:
                return _refusal(422)
            if _kind(self.keys.setdefault(key_id, _make(kind))) != kind:
                return _refusal(409)
        pair = self.keys.get(key_id)
        if pair is None:
            return _refusal(404)
        public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return JSONResponse({"kind": _kind(pair), "publicKey": public.decode()})

    async def sign(self, request: Request) -> Response:
        """A digest is signed (docs/contracts/signer.md section 3)."""
        key_id, asked = request.path_params["key_id"], await request.json()
        self.asked.append(f"SIGN {key_id}")
        if self.status is not None:
            return _refusal(self.status)
        pair = self.keys.get(key_id)
        if pair is None:
            return _refusal(404)
        try:
            digest = base64.b64decode(asked.get("digest", ""), validate=True)
        except (binascii.Error, TypeError):
            return _refusal(422)
        if asked.get("algorithm") != _ALGORITHMS[_kind(pair)] or len(digest) != 32:
            return _refusal(422)
        digest = bytes(32) if self.spoil else digest
        if isinstance(pair, rsa.RSAPrivateKey):
            signature = pair.sign(digest, padding.PKCS1v15(), Prehashed(SHA256()))
        else:
            signature = pair.sign(digest, ec.ECDSA(Prehashed(SHA256())))
        return JSONResponse({"signature": base64.b64encode(signature).decode()})


def _make(kind: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    return rsa.generate_private_key(65537, 2048) if kind == "RSA-2048" else ec.generate_private_key(ec.SECP256R1())


def _kind(pair: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return "RSA-2048" if isinstance(pair, rsa.RSAPrivateKey) else "EC-P256"


def _refusal(status: int) -> Response:
    return JSONResponse({"error": status}, status)
