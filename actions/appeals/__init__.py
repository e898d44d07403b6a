"""Actions about appeals under the Right to Service Act."""
