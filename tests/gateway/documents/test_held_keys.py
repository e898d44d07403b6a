"""Keys of sessions, certificates and the vault at a remote signer; `make hsm` has the same in a PKCS#11 module."""

import pytest

from tests.support.held_keys import HeldKeyTests, RemoteSigner


class TestRemoteSigner(HeldKeyTests):
    """Keys at a remote signer."""

    @pytest.fixture
    def holder(self) -> RemoteSigner:
        return RemoteSigner()
