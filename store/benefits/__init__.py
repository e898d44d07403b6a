"""Tables and queries about benefits and their sanctions."""
