"""The sandbox of Dehradun Smart City: its server, written from the contract."""
