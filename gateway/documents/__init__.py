"""Signed certificates and printable pages; uses heavy libraries that the serving process never imports."""
