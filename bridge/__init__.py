"""The bridge between an officer's browser and the token on her computer; it ships to her, apart from the gateway."""
