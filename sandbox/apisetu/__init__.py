"""The sandbox of apisetu: its server, written from the contract."""
