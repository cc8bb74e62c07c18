"""Uptake, ratios, shape and intensity statistics.

At the top: values in regions and spheres, the ratios, and their intervals over positions. Rooms:
``shape`` (surfaces and asphericity), ``passport`` (how far to trust an asphericity), ``noise``
(what counting noise does to all of them).
"""
