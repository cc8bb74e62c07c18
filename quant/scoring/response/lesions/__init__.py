"""Lesions followed over time: the lesion table, and diameters measured on regions."""
