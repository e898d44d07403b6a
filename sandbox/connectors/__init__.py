"""What sandboxes of systems that join by a file share, and the sandbox that a file's examples make."""
