"""Which region stands for a role when several could, and which make up the liver's right lobe."""

import re
from collections.abc import Sequence

from quant.domain.flags import Flag
from quant.domain.region import Region, Role

RIGHT_SEGMENTS = frozenset({5, 6, 7, 8})
"""Couinaud's segments of the right lobe."""

_NUMBER = re.compile(r"(?<!\d)([1-8])[ab]?(?!\d)")


def of_role(regions: Sequence[Region], *roles: Role) -> tuple[Region, ...]:
    """Regions that have one of the roles, in their own order."""
    return tuple(region for region in regions if region.role in roles)


def largest_of_role(
    regions: Sequence[Region], role: Role
) -> tuple[Region | None, tuple[Flag, ...]]:
    """Take the largest region of a role by volume; of equal ones the first by name.

    Returns
    -------
    region : Region or None
        None when no region has the role.
    flags : tuple of Flag
        ``ROLE_SEVERAL``, naming the region taken, when there was a choice.
    """
    found = of_role(regions, role)
    if not found:
        return None, ()
    best = min(found, key=lambda region: (-region.volume_ml, region.name))
    if len(found) == 1:
        return best, ()
    others = ", ".join(sorted(region.name for region in found if region is not best))
    detail = f"{role}: '{best.name}' ({best.volume_ml:.1f} ml) is the largest; not used: {others}"
    return best, (Flag("ROLE_SEVERAL", detail),)


def segment_number(name: str) -> int | None:
    """Couinaud number 1 to 8 that a region's name ends with (``liver_segment_5``), or None."""
    numbers = _NUMBER.findall(name.lower())
    return int(numbers[-1]) if numbers else None


def right_segments(regions: Sequence[Region]) -> tuple[Region, ...]:
    """Regions that are Couinaud segments 5 to 8, by number; empty when there are none."""
    found = [
        (number, region.name, region)
        for region in of_role(regions, Role.LIVER_SEGMENT)
        if (number := segment_number(region.name)) in RIGHT_SEGMENTS
    ]
    return tuple(region for _, _, region in sorted(found, key=lambda row: (str(row[0]), row[1])))
