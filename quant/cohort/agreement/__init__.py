"""Agreement of readers and repeats: ICC, limits of agreement, kappa."""
