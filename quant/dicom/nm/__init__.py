"""NM objects: kinds, volumes of one object, their place and voxels."""
