"""Tables and queries about sign-in, accounts, assistance and relatives."""
