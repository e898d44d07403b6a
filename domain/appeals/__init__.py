"""Words and rules about appeals under the Right to Service Act."""
