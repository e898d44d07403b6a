"""The sandbox of treasury: its server, written from the contract."""
