"""The actions (use cases) of the gateway, called by the graph, by partner endpoints and by the worker's jobs."""
