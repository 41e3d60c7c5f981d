"""What goes out: maps, tables and pages, and the gate they pass."""
