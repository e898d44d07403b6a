"""Words and rules about benefits and their sanctions."""
