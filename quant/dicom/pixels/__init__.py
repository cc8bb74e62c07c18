"""Stored values: checked against the header, decoded, filled into volumes."""
