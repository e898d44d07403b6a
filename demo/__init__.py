"""The demo: people, histories, the supervisor of its processes, and sign-in for its tokens."""
