"""The sandbox of etaal: its server, written from the contract."""
