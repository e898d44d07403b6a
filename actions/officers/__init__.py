"""Actions about officers: posts, queue, desk, claims and second approvals."""
