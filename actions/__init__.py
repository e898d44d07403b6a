"""What can be done: one verb each, used by graph, partners and jobs alike."""
