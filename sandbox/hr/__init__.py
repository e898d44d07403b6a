"""The sandbox of the state's HR system, which only calls."""
