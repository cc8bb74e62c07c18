"""The asphericity passport: every estimator of a region, its floor, and how far to trust it."""
