"""The sandbox of the SMS providers."""
