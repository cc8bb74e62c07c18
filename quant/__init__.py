"""Volumetric SPECT/CT quantification."""

__version__ = "0.1.0"
