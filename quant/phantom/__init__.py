"""Simulated studies with exact truth, written as DICOM.

At the top: the kinds of study (``torso``, ``nema``, ``solid_studies``) and what they share. Rooms:
``bodies`` (exact solids, their share of every voxel, their contours), ``skeleton`` (bones and
lesions with known scores), ``writing`` (the DICOM objects).
"""
