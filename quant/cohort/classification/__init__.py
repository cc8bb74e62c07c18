"""Markers against an event: ROC curves, cuts and what they are worth, two-by-two tables."""
