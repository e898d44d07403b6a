"""The part of the graph about officers: posts, queue, desk, claims and second approvals."""
