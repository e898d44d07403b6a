"""The sandbox of digilocker: its server, written from the contract."""
