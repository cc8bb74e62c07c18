"""Which regions make up the right lobe of the liver."""

import re
from collections.abc import Sequence

from quant.anatomy.choice import of_role
from quant.domain.region import Region, Role

RIGHT_SEGMENTS = frozenset({5, 6, 7, 8})
"""Couinaud's segments of the right lobe."""

_NUMBER = re.compile(r"(?<!\d)([1-8])[ab]?(?!\d)")


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
