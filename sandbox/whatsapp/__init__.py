"""The sandbox of WhatsApp's Cloud API."""
