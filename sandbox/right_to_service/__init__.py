"""The sandbox of right_to_service: its server, written from the contract."""
