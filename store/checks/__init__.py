"""The invariants of the whole store, one module for each kind; store/checks/verify.py runs them."""
