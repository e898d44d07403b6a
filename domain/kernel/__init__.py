"""What every noun of the domain stands on: clock, ids, errors, texts, money, people."""
