"""The sandbox of portal: its server, written from the contract."""
