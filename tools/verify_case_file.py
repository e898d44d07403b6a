"""Examine a case file of Apuni Sarkar without any code of it: `verify_case_file.py FILE --keys JWKS`.

Needs Python 3.11 and the package `cryptography`. JWKS is the file of `/.well-known/jwks.json`, or its address. Prints
what was signed and leaves with status 0 where the signature holds and every file is as it was signed, else with 1.
"""

import argparse
import base64
import hashlib
import json
import sys
import urllib.request
import zipfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

TYPE, SIGNATURE = "apuni-case-file+jws", "manifest.jws"
MOST_OCTETS = 50_000_000
"""Of all files together, unpacked."""


class NotGenuine(Exception):
    """The file is not what was signed; the text says why."""


def verified_manifest(file: Path, keys: dict) -> dict:
    """The signed manifest of a case file; raises NotGenuine."""
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_OCTETS:
                raise NotGenuine("it is too large")
            if len(set(archive.namelist())) != len(archive.namelist()):
                raise NotGenuine("a name is there twice")
            files = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        raise NotGenuine("it is no ZIP") from None
    manifest = signed_manifest(files.pop(SIGNATURE, b"").decode("ascii", "replace"), keys)
    named = {each["name"]: each["sha256"] for each in manifest["files"]}
    for name in sorted(named.keys() | files.keys()):
        if name not in named:
            raise NotGenuine(f"{name} was added")
        if name not in files:
            raise NotGenuine(f"{name} is missing")
        if hashlib.sha256(files[name]).hexdigest() != named[name]:
            raise NotGenuine(f"{name} was altered")
    return manifest


def signed_manifest(signed: str, keys: dict) -> dict:
    """What the compact JWS (RFC 7515, ES256) says, where a key of the set made it; raises NotGenuine."""
    try:
        head, body, signature = signed.split(".")
        header = json.loads(octets(head))
        raw = octets(signature)
    except ValueError:
        raise NotGenuine("it holds no signature") from None
    if header.get("alg") != "ES256" or header.get("typ") != TYPE or len(raw) != 64:
        raise NotGenuine("it is signed as something else")
    key = next((each for each in keys["keys"] if each.get("kid") == header.get("kid")), None)
    if key is None or key.get("crv") != "P-256":
        raise NotGenuine("its key is not one of the published ones")
    x, y = (int.from_bytes(octets(key[name]), "big") for name in ("x", "y"))
    pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        public.verify(pair, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise NotGenuine("the signature does not hold") from None
    return json.loads(octets(body))


def octets(text: str) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_keys(place: str) -> dict:
    """The JWK set of a file or of an address."""
    if place.startswith(("https://", "http://")):
        with urllib.request.urlopen(place, timeout=30) as answer:  # noqa: S310 - http(s) only, by the line above
            return json.load(answer)
    return json.loads(Path(place).read_text(encoding="utf-8"))


def main() -> int:
    """Examine what the command line names."""
    parser = argparse.ArgumentParser(description="Examine a case file of Apuni Sarkar.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--keys", required=True, help="the file or address of the public keys")
    given = parser.parse_args()
    try:
        manifest = verified_manifest(given.file, read_keys(given.keys))
    except NotGenuine as problem:
        sys.stdout.write(f"NOT GENUINE: {problem}\n")
        return 1
    sys.stdout.write(f"genuine: {manifest['appealRef']}, made {manifest['madeAt']}\n")
    for each in manifest["files"]:
        sys.stdout.write(f"  {each['sha256']}  {each['name']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
