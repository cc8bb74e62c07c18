"""Numerical kernels: pure functions on plain arrays, compiled by numba.

Kernels know nothing of ``quant`` and never import one another (numba's cache does not see a change
in another file).
"""
