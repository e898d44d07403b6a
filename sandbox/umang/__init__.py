"""The sandbox of umang: its server, written from the contract."""
