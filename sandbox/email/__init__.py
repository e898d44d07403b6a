"""The sandbox of the state's mail server."""
