"""The database under every table: engine, transactions, types, encryption, audit and files."""
