"""Simulated studies with exact truth, written as DICOM."""
