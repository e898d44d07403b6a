"""The part of the graph about sign-in, accounts, assistance and relatives."""
