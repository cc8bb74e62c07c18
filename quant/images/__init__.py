"""Volumes, label images and markups from NRRD, NIfTI and MHA."""
