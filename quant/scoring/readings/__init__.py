"""One reading of one image: segments, scores, totals, and the order of readings."""
