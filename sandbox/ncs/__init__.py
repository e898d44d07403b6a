"""The sandbox of National Career Service: its server, written from the contract."""
