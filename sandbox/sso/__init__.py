"""The sandbox of sso: its server, written from the contract."""
