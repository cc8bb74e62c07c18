"""Regions: which files hold them, what their names mean, how they become weights."""
