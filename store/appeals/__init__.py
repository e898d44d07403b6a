"""Tables and queries about appeals under the Right to Service Act."""
