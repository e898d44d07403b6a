"""Signed statements about certificates for everybody: status lists, and credentials for wallets."""
