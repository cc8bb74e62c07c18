"""Benchmarks that airspeed velocity finds."""
