"""The sandbox of csc: its server, written from the contract."""
