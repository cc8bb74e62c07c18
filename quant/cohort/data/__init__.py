"""Tables as they come in: read, checked by row, joined to outcomes."""
