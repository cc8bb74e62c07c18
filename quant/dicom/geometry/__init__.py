"""Where slices lie: orientation, spacing, stacks, gaps, and even grids made of uneven ones."""
