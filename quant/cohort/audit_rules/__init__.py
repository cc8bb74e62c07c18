"""Rules of the audit of published tables, one module per kind of row."""
