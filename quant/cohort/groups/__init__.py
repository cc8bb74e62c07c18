"""Groups described and compared: quartiles, tests, correlations, principal components."""
