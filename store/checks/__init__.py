"""The invariants of the whole store, one module for each kind; store/verify.py runs them."""
