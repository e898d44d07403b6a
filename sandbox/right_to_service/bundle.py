"""Verifies a case file as the Commission does: a ZIP with a signed manifest (JWS, RFC 7515, ES256)."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

_SIGNATURE = "manifest.jws"


def examine(content: bytes, keys: Mapping[str, Any], sha256: str, reference: str) -> dict[str, Any]:
    """What is in a case file, and what is wrong with it."""
    problems = [] if hashlib.sha256(content).hexdigest() == sha256 else ["another file than the event named"]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            files = {name: packed.read(name) for name in packed.namelist()}
        manifest = _manifest(files[_SIGNATURE].decode(), keys)
    except (zipfile.BadZipFile, KeyError, ValueError, InvalidSignature) as error:
        return {"verified": False, "problems": [*problems, type(error).__name__], "files": {}}
    named = {one["name"]: one["sha256"] for one in manifest["files"]}
    if set(named) != set(files) - {_SIGNATURE}:
        problems.append("other files than the manifest names")
    problems += [
        f"{name} was altered"
        for name, digest in named.items()
        if hashlib.sha256(files.get(name, b"")).hexdigest() != digest
    ]
    if manifest["appealRef"] != reference:
        problems.append("of another appeal")
    read = {name: json.loads(files[name]) for name in named if name.endswith(".json") and name in files}
    return {"verified": not problems, "problems": problems, "files": sorted(named), "contents": read}


def _manifest(signed: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    head, body, signature = signed.split(".")
    header = json.loads(_octets(head))
    if header.get("alg") != "ES256" or header.get("typ") != "apuni-case-file+jws":
        raise ValueError("of another kind")
    [key] = [one for one in keys["keys"] if one["kid"] == header["kid"] and one["crv"] == "P-256"]
    x, y = (int.from_bytes(_octets(key[name])) for name in ("x", "y"))
    raw = _octets(signature)
    pair = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(pair, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
    read: dict[str, Any] = json.loads(_octets(body))
    return read


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
