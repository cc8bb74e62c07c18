"""From stored values to units: mappings, count rates, SUV and its times."""
