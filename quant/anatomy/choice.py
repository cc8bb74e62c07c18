"""Which region stands for a role when several could."""

from collections.abc import Sequence

from quant.domain.flags import Flag
from quant.domain.region import Region, Role


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
