"""Bodies in space: exact volume and surface, share of every voxel, contours, blur."""
