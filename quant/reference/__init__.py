"""Reference spheres: admissible positions, criteria, placement."""
