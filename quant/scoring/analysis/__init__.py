"""What follows from readings: relative scores, comparisons, agreement of readers, cut-offs."""
