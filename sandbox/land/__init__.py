"""The sandbox of the land records: its server, written from the contract."""
