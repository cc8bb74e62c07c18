"""The segments of a study: tumours, lesions and reference spheres, with label, code and colour."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quant.dicom.objects.concepts import (
    ABNORMAL,
    LESION,
    NEOPLASM,
    PLACES,
    REFERENCE_REGION,
    SPATIAL,
    Code,
)
from quant.dicom.objects.form import MAKER
from quant.domain.region import Role
from quant.domain.sphere import SphereSource
from quant.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quant.dicom.objects.form import Measured
    from quant.domain.region import Region
    from quant.domain.sphere import Sphere

LONGEST_LABEL = 64

SPHERE_LABELS = {
    Role.LIVER: "Reference sphere liver",
    Role.MUSCLE_LEFT: "Reference sphere muscle left",
    Role.MUSCLE_RIGHT: "Reference sphere muscle right",
}
"""Names that :func:`quant.regions.roles.assign_role` never takes for the organ itself."""

COLOURS: dict[Role, tuple[int, int, int]] = {
    Role.TUMOUR: (204, 121, 167),
    Role.LESION: (213, 94, 0),
    Role.LIVER: (0, 114, 178),
    Role.MUSCLE_LEFT: (0, 158, 115),
    Role.MUSCLE_RIGHT: (0, 158, 115),
}
"""sRGB, of the palette of Okabe and Ito that the pictures use."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One segment: a region with at least one voxel half inside.

    Parameters
    ----------
    number : int
        From 1.
    label : str
        SegmentLabel and tracking identifier; unique in the object.
    roi : str
        What the record's measurements call it.
    region : Region
    sphere : Sphere, optional
        The reference sphere that it is.
    """

    number: int
    label: str
    roi: str
    region: "Region"
    sphere: "Sphere | None" = None

    @property
    def finding(self) -> Code:
        """What it is, as a code."""
        if self.sphere is not None:
            return REFERENCE_REGION
        return NEOPLASM if self.region.role is Role.TUMOUR else LESION

    @property
    def place(self) -> tuple[Code, Code | None] | None:
        """Organ and side of a reference sphere."""
        return PLACES[self.sphere.role] if self.sphere is not None else None


def segments_of(
    regions: "Sequence[Region]", balls: "Sequence[tuple[Sphere, Region]]"
) -> tuple[Segment, ...]:
    """Give numbers to tumours and lesions, then to reference spheres, as far as they hold a voxel.

    Parameters
    ----------
    regions : sequence of Region
        All regions of the study.
    balls : sequence of (Sphere, Region)
        Reference spheres and their weights on the same grid.
    """
    drawn = [one for one in regions if one.role in (Role.TUMOUR, Role.LESION) and one.voxels]
    drawn.sort(key=lambda one: one.role is not Role.TUMOUR)
    found: list[Segment] = []
    taken: set[str] = set()
    for region in drawn:
        label = _unique(region.name, taken)
        found.append(Segment(len(found) + 1, label, region.name, region))
    for sphere, region in balls:
        if region.voxels:
            label = _unique(SPHERE_LABELS[sphere.role], taken)
            found.append(Segment(len(found) + 1, label, str(sphere.role), region, sphere))
    return tuple(found)


def _unique(name: str, taken: set[str]) -> str:
    """Cut a name to the length of a label and keep it different from all others."""
    label, number = name.replace("\\", "/")[:LONGEST_LABEL].strip() or "region", 1
    first = label
    while label in taken:
        number += 1
        end = f" ({number})"
        label = first[: LONGEST_LABEL - len(end)] + end
    taken.add(label)
    return label


def stacked(segments: "Sequence[Segment]") -> tuple[int, NDArray[np.uint8]]:
    """Return the first slice k that any segment uses, and (K, J, I, S) uint8 masks from there."""
    grid = segments[0].region.grid
    first = min(one.region.corner[0] for one in segments)
    last = max(one.region.corner[0] + one.region.weights.shape[0] for one in segments)
    masks = np.zeros((last - first, *grid.shape[1:], len(segments)), dtype=np.uint8)
    for one in segments:
        k, j, i = one.region.box
        masks[k.start - first : k.stop - first, j, i, one.number - 1] = one.region.mask
    return first, masks


def description(segment: Segment, measured: "Measured") -> Any:  # noqa: ANN401 - highdicom has no types
    """Return highdicom's description of a segment."""
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription
    from highdicom.sr import CodedConcept
    from pydicom.sr.codedict import codes

    sphere, region = segment.sphere, segment.region
    is_placed = sphere is not None and sphere.source is not SphereSource.MARKED
    how = f"sphere, {sphere.source}" if sphere else f"{region.source}, {region.rule} weights"
    algorithm = AlgorithmIdentificationSequence(
        name=f"{MAKER} {'sphere placement' if sphere else 'rasterisation'}",
        family=codes.cid7162.MorphologicalOperations,
        version=VERSION,
        parameters={"made from": how, "voxels": "at least half inside"},
    )
    colour = COLOURS[sphere.role if sphere else region.role]
    made = SegmentDescription(
        segment_number=segment.number,
        segment_label=segment.label,
        segmented_property_category=CodedConcept(*(SPATIAL if sphere else ABNORMAL)),
        segmented_property_type=CodedConcept(*segment.finding),
        algorithm_type="AUTOMATIC" if is_placed else "SEMIAUTOMATIC",
        algorithm_identification=algorithm,
        tracking_uid=measured.tracking_uid(segment.label),
        tracking_id=segment.label,
        display_color=CIELabColor.from_rgb(*colour),
    )
    if segment.place is not None:
        organ, side = segment.place
        place = CodedConcept(*organ)
        if side is not None:
            place.AnatomicRegionModifierSequence = [CodedConcept(*side)]
        made.AnatomicRegionSequence = [place]
    return made
