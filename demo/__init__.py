"""The demo: people, histories, the supervisor of its processes, and sign-in by its tokens."""
