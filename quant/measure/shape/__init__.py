"""Shape of a region: surface, volume, diameter, asphericity."""
