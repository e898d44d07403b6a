"""The sandbox of certifying authorities, and of an officer's token behind the bridge's wire."""
