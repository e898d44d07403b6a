"""The operations that applications use: read from the folder `operations/`, checked against the graph."""
