"""The clients and endpoints of the outside systems, a folder for each, on one resilient caller."""
