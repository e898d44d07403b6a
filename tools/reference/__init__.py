"""Makes the reference documents and the partners' sample calls from the code."""
