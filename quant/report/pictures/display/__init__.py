"""Copies of a study for looking: images as whole numbers, labels, outlines."""
