"""Seeds a store with the people and histories of the demo."""
