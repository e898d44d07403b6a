"""What the gateway keeps: tables, and the functions that read and write them (DESIGN.md section 4)."""
