"""Settings of the PKCS#11 module and of the remote signer that hold keys."""

import ssl
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class Pkcs11(BaseModel):
    """A PKCS#11 module for the keys of sessions, certificates and the vault."""

    model_config = ConfigDict(hide_input_in_errors=True)

    module: Path | None = Field(
        default=None,
        description="The library of the module, such as `/usr/lib/softhsm/libsofthsm2.so`; it needs the extra `hsm` of "
        "the package. If unset, all keys lie in files.",
    )
    token: str = Field(default="apuni", description="The label of the token in the module.")
    pin: SecretStr | None = Field(default=None, description="The PIN of the token's user. Secret.")
    pin_file: Path | None = Field(default=None, description="A file with that PIN, in place of it.")

    @model_validator(mode="after")
    def _has_a_pin(self) -> Self:
        if self.module is not None and (self.pin is None) == (self.pin_file is None):
            raise ValueError("a module needs either a PIN or a file with it")
        return self

    def read_pin(self) -> str:
        """The PIN. Raises OSError where its file cannot be read."""
        if self.pin_file is not None:
            return self.pin_file.read_text(encoding="utf-8").strip()
        return self.pin.get_secret_value() if self.pin else ""


class Signer(BaseModel):
    """A remote signer for the key pairs of sessions and certificates (docs/contracts/signer.md)."""

    url: str | None = Field(
        default=None,
        pattern=r"^https://[^\s/?#]+$",
        description="The address of the remote signer, without a path. If unset, none is asked.",
    )
    certificate_file: Path | None = Field(default=None, description="The PEM file of our certificate for its TLS.")
    key_file: Path | None = Field(default=None, description="The PEM file of the key of that certificate.")
    ca_file: Path | None = Field(
        default=None, description="The PEM file of the authorities whose certificates the signer may show."
    )

    @model_validator(mode="after")
    def _has_mutual_tls(self) -> Self:
        if self.url is not None and None in (self.certificate_file, self.key_file, self.ca_file):
            raise ValueError("a remote signer needs a certificate, its key and the authorities of the signer")
        return self

    def context(self) -> ssl.SSLContext:
        """The TLS of connections to it. Raises OSError where a file cannot serve."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.load_cert_chain(str(self.certificate_file), self.key_file, password="")
        return context
