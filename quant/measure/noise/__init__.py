"""Counting noise: its level, and what it does to values and ratios."""
