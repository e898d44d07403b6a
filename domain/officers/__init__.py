"""Types and rules for officers: posts, queue, desk, claims and second approvals."""
