"""Lay every region of a study on its emission grid; a bad region costs that region."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quant.domain.flags import CODES, Flag, Severity
from quant.domain.region import Region, Role
from quant.domain.study import QuarantineEntry
from quant.errors import RegionError
from quant.regions.frames import require_same_study
from quant.regions.rasterise import rasterise
from quant.regions.roles import assign_role

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.protocol import RegionSettings
    from quant.domain.shapes import Mark, Shape
    from quant.regions.sources import ShapesFound

NAMES_SHOWN = 12

HARMLESS_CODES: dict[Role, tuple[str, ...]] = {
    Role.EXCLUDE: ("ROI_EMPTY", "ROI_OUTSIDE"),
    Role.LIVER_SEGMENT: ("ROI_EMPTY", "ROI_OUTSIDE"),
    Role.LIVER: ("ROI_EMPTY",),
    Role.VERTEBRA_L2: ("ROI_EMPTY",),
    Role.MUSCLE_LEFT: ("ROI_EMPTY",),
    Role.MUSCLE_RIGHT: ("ROI_EMPTY",),
}
"""Segmentation tools write an empty mask for an organ that is not in view: the same as no mask."""


@dataclass(frozen=True, slots=True)
class LaidRegions:
    """Regions on the emission grid, marks, and what was refused.

    ``unused`` names the regions whose names give them no role, read or not. ``region_flags`` holds
    each region's own flags by its name; ``flags`` is the same without the mere information, with
    the region's name in the detail, for the study as a whole.
    """

    regions: tuple[Region, ...]
    marks: "tuple[Mark, ...]"
    region_flags: dict[str, tuple[Flag, ...]]
    flags: tuple[Flag, ...]
    quarantined: tuple[QuarantineEntry, ...]
    unused: tuple[str, ...] = ()


def lay_regions(
    found: "ShapesFound", study_uid: str, grid: "Grid", settings: "RegionSettings"
) -> LaidRegions:
    """Turn the shapes of a study that have a role into weights on ``grid``.

    Parameters
    ----------
    found : ShapesFound
        From :func:`quant.regions.sources.gather_shapes`.
    study_uid : str
        For what is refused.
    grid : Grid
        Grid of the emission volume.
    settings : RegionSettings
        Words that give roles, and the rule that makes weights.

    Returns
    -------
    LaidRegions
        Regions of role ``other`` are left out: they cost time and nobody measures them.
    """
    regions: list[Region] = []
    own: dict[str, tuple[Flag, ...]] = {}
    unused: list[str] = list(found.unread)
    refused = [_as_meant(one, settings) for one in found.quarantined]
    flags = [Flag(one.code, one.message) for one in refused]
    for shape in found.shapes:
        role, role_flags = assign_role(shape.name, settings)
        if role is Role.OTHER:
            unused.append(shape.name)
            continue
        try:
            require_same_study(shape, grid, study_uid)
            region, notes = rasterise(
                shape, grid, settings.rule, role, accept_other_frame=settings.accept_other_frame
            )
        except RegionError as error:
            if error.code in HARMLESS_CODES.get(role, ()):
                flags.append(Flag("ROI_UNUSED", f"{shape.name}: {error.code}"))
                continue
            refused.append(_refused(study_uid, shape, error))
            flags.append(Flag(error.code, f"{shape.name}: {error.found or error.what}"))
            continue
        regions.append(region)
        own[region.name] = (*shape.flags, *role_flags, *notes)
        flags.extend(
            replace(flag, detail=f"{region.name}: {flag.detail}".rstrip(": "))
            for flag in own[region.name]
            if CODES[flag.code].severity is not Severity.INFORMATION
        )
    flags.extend(_about_unused(unused, settings))
    return LaidRegions(
        tuple(regions), found.marks, own, tuple(flags), tuple(refused), tuple(unused)
    )


def _about_unused(names: list[str], settings: "RegionSettings") -> list[Flag]:
    """Name the regions that are not used; those with a word of a role that does not count, too."""
    if not names:
        return []
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    shown = ", ".join(repr(name) for name in names[:NAMES_SHOWN])
    unclear = [flag for name in names for flag in assign_role(name, settings)[1]]
    return [Flag("ROI_NO_ROLE", f"{len(names)} regions: {shown}{more}"), *unclear]


def _as_meant(entry: QuarantineEntry, settings: "RegionSettings") -> QuarantineEntry:
    """Take an image whose name means no region (``ct.nii.gz``) for what it is: no loss."""
    role, _ = assign_role(entry.path.split(".")[0], settings)
    if entry.code == "ROI_NOT_LABELS" and role is Role.OTHER:
        return replace(entry, code="IMAGE_IGNORED")
    return entry


def _refused(study_uid: str, shape: "Shape", error: RegionError) -> QuarantineEntry:
    return QuarantineEntry(
        path=f"{shape.source} region {shape.name}",
        study_uid=study_uid,
        code=error.code,
        message=str(error),
    )
