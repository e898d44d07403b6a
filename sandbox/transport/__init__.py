"""The sandbox of the transport department: its server, written from the contract."""
