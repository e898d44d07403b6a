"""Types and rules for appeals under the Right to Service Act."""
