"""A remote signer as docs/contracts/signer.md says."""
