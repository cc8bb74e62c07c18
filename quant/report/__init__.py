"""Tables and manifest, derived from records."""
