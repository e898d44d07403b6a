"""What processes share in Redis or Valkey; imported only where the address of one is set (redis-py takes 11 MiB)."""
