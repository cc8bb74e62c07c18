"""CT and PET series: what belongs together, multi-frame objects, voxels."""
