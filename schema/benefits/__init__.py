"""The part of the graph about benefits and their sanctions."""
