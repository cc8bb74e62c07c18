"""Cox models: likelihood and fit, tests, proportional hazards, stepwise search, Firth."""
