"""The part of the graph about appeals under the Right to Service Act."""
