"""Drawings of our own (SVG): scores over time, and the scored skeleton."""
