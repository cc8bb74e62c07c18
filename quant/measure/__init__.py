"""Uptake, ratios, shape and intensity statistics."""
