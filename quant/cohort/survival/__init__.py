"""Survival of groups: Kaplan-Meier curves, quantiles, restricted means, log-rank tests."""
