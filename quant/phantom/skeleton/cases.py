"""Lesions on the digital skeleton, and the scores that the definitions give for them.

The expected scores are written down from the definitions of both systems (see
:mod:`quant.scoring.readings.segments`), not computed. A border case has a lowest and a highest
admissible score beside the one that the plain rule gives.
"""

from dataclasses import dataclass, field
from math import pi

from quant.phantom.bodies.compounds import Clipped
from quant.phantom.bodies.solids import Ball, Body, Box, Cylinder, Ellipsoid, Vector
from quant.phantom.skeleton.bones import (
    BONES,
    DISTAL_BONES,
    RIB_RADIUS,
    RIB_Y,
    SKULL,
    SPINE_Y,
    vertebra_z,
)

PSF_FWHM_MM, PLANAR_FWHM_MM = 8.0, 12.0
"""Resolution in space and in the plane for which the scores hold."""

AROUND_MM = 3.0
"""How far a lesion of a whole bone reaches beyond it."""

Score = int | tuple[int, int, int]
"""The score, or the score with the lowest and the highest admissible one."""


@dataclass(frozen=True, slots=True)
class PlannedLesion:
    """A lesion of known place and size.

    Parameters
    ----------
    name : str
        With a word that makes it a lesion or a tumour.
    body : Body
    fractions : dict of str to float
        Part of each bone that it takes, exact where the cut is.
    """

    name: str
    body: Body
    fractions: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expected:
    """Scores of one system; segments that are not named score 0.

    Parameters
    ----------
    scores : dict of str to Score
    unseen : tuple of str
        Segments that are not assessable.
    """

    scores: dict[str, Score]
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LesionSet:
    """Lesions, what is in the field, and the truth.

    Parameters
    ----------
    name : str
    lesions : tuple of PlannedLesion
    curie, siopen : Expected
    planar : dict of str to dict of str to int
        Curie totals of the two views; empty where projection changes nothing.
    z_mm : tuple of float
        Lower and upper end of the emission volume.
    distal : bool
        Whether the bones of the distal limbs are supplied.
    """

    name: str
    lesions: tuple[PlannedLesion, ...]
    curie: Expected
    siopen: Expected
    planar: dict[str, dict[str, int]] = field(default_factory=dict)
    z_mm: tuple[float, float] = (-420.0, 415.0)
    distal: bool = False

    @property
    def bones(self) -> dict[str, Body]:
        """Bones that are supplied."""
        return {**BONES, **DISTAL_BONES} if self.distal else dict(BONES)


_DISTAL_CURIE = ("forearms_hands", "lower_legs_feet")
_DISTAL_SIOPEN = tuple(
    f"{side}_{limb}_limb_distal" for limb in ("upper", "lower") for side in ("right", "left")
)


def _slab(bone: str, low: float, high: float) -> Body:
    """Return what of a bone lies between two heights."""
    return Clipped(Clipped(BONES[bone], (0.0, 0.0, 1.0), low), (0.0, 0.0, -1.0), -high)


def _shaft(name: str, bone: str, start: float, stop: float) -> PlannedLesion:
    """Lesion over a part of a long bone: from one fraction of its length, upwards, to another."""
    shaft = (BONES | DISTAL_BONES)[bone]
    if not isinstance(shaft, Cylinder):
        message = f"{bone} is no shaft"
        raise TypeError(message)
    low = shaft.centre_mm[2] - shaft.half_length_mm
    length = 2.0 * shaft.half_length_mm
    body = Clipped(
        Clipped(shaft, (0.0, 0.0, 1.0), low + start * length),
        (0.0, 0.0, -1.0),
        -(low + stop * length),
    )
    return PlannedLesion(name, body, {bone: stop - start})


def _round(name: str, bone: str) -> PlannedLesion:
    """Lesion of a whole bone and somewhat around it, as it is drawn on emission images."""
    body = BONES[bone]
    if isinstance(body, Cylinder):
        wide, long = body.radius_mm + AROUND_MM, body.half_length_mm + AROUND_MM
        return PlannedLesion(name, Cylinder(body.centre_mm, wide, long), {bone: 1.0})
    if isinstance(body, Ellipsoid):
        a, b, c = (half + AROUND_MM for half in body.semi_axes_mm)
        return PlannedLesion(name, Ellipsoid(body.centre_mm, (a, b, c)), {bone: 1.0})
    message = f"{bone} is neither a shaft nor an ellipsoid"
    raise TypeError(message)


def _cap(name: str, bone: str, share: float) -> PlannedLesion:
    """Lesion over the upper part of an ellipsoid, by volume."""
    body = BONES[bone]
    if not isinstance(body, Ellipsoid):
        message = f"{bone} is no ellipsoid"
        raise TypeError(message)
    low, high = -1.0, 1.0
    while high - low > 1e-9:  # height of the cut over the centre, in semi-axes
        cut = (low + high) / 2.0
        part = (2.0 - 3.0 * cut + cut**3) / 4.0
        low, high = (cut, high) if part > share else (low, cut)
    centre, half = body.centre_mm[2], body.semi_axes_mm[2]
    return PlannedLesion(name, Clipped(body, (0.0, 0.0, 1.0), centre + low * half), {bone: share})


def _ball(name: str, centre: Vector, radius: float, bone: str = "") -> PlannedLesion:
    """Ball; its part of a vertebra (a box that holds it) is exact."""
    volume = 4.0 / 3.0 * pi * radius**3
    host = BONES.get(bone)
    if isinstance(host, Box):
        a, b, c = host.half_edges_mm
        return PlannedLesion(name, Ball(centre, radius), {bone: volume / (8.0 * a * b * c)})
    return PlannedLesion(name, Ball(centre, radius))


def _in_vertebra(name: str, vertebra: str, radius: float) -> PlannedLesion:
    return _ball(name, (0.0, SPINE_Y, vertebra_z(vertebra)), radius, f"vertebrae_{vertebra}")


def _on_rib(name: str, side: float, number: int) -> PlannedLesion:
    """Ball about the outermost point of a rib."""
    return _ball(name, (side * RIB_RADIUS, RIB_Y, vertebra_z(f"T{number}")), 7.0)


CLEAR = LesionSet(
    "clear",
    (
        _ball("lesion_skull", (20.0, -10.0, 340.0), 12.0),
        _in_vertebra("lesion_C5", "C5", 4.5),
        _in_vertebra("lesion_T4", "T4", 6.0),
        _in_vertebra("lesion_T9", "T9", 6.0),
        _in_vertebra("lesion_L2", "L2", 8.0),
        _on_rib("lesion_rib_L", 1.0, 5),
        _on_rib("lesion_rib_R", -1.0, 8),
        _round("lesion_hip_L", "hip_left"),
        _cap("lesion_hip_R", "hip_right", 0.65),
        _shaft("lesion_humerus_L", "humerus_left", 0.15, 0.95),
        _round("lesion_femur_R", "femur_right"),
        _shaft("lesion_femur_L", "femur_left", 0.55, 0.95),
        _ball("tumour_primary", (48.0, -40.0, -45.0), 20.0),
        _ball("lesion_node", (-45.0, -45.0, -60.0), 9.0),
    ),
    Expected(
        {
            "head": 1, "cervical_thoracic_spine": 2, "lumbar_spine_sacrum": 1, "chest": 2,
            "pelvis": 3, "upper_arms": 1, "thighs": 3, "soft_tissue": 2,
        },
        _DISTAL_CURIE,
    ),
    Expected(
        {
            "skull": 1, "thoracic_cage": 2, "spine": 4, "pelvis": 5,
            "left_upper_limb_proximal": 5, "right_lower_limb_proximal": 6,
            "left_lower_limb_proximal": 4, "soft_tissue": 1,
        },
        _DISTAL_SIOPEN,
    ),
)  # fmt: skip
"""Every level of both systems, nothing near a border."""

_T12_BOTTOM = vertebra_z("T12") - 7.5

BORDERS = LesionSet(
    "borders",
    (
        _cap("lesion_skull", "skull", 0.48),
        _shaft("lesion_humerus_L1", "humerus_left", 0.30, 0.35),
        _shaft("lesion_humerus_L2", "humerus_left", 0.38, 0.43),
        _shaft("lesion_femur_L", "femur_left", 0.055, 1.0),
        PlannedLesion(
            "lesion_T12_L1", Box((0.0, SPINE_Y, _T12_BOTTOM + 1.4), (10.0, 10.0, 8.0))
        ),
        _cap("lesion_hip_L", "hip_left", 0.46),
        PlannedLesion("lesion_scapula_R", Box((-70.0, 78.0, 120.0), (18.0, 2.0, 25.0))),
    ),
    Expected(
        {
            "head": (1, 1, 3), "cervical_thoracic_spine": 1, "lumbar_spine_sacrum": (0, 0, 1),
            "chest": (1, 0, 1), "pelvis": 1, "upper_arms": (2, 1, 2), "thighs": (1, 1, 3),
            "soft_tissue": (0, 0, 1),
        },
        _DISTAL_CURIE,
    ),
    Expected(
        {
            "skull": (4, 4, 5), "thoracic_cage": (1, 0, 1), "spine": 1, "pelvis": (1, 1, 4),
            "left_upper_limb_proximal": (2, 1, 2), "left_lower_limb_proximal": (5, 5, 6),
            "soft_tissue": (0, 0, 1),
        },
        _DISTAL_SIOPEN,
    ),
)  # fmt: skip
"""Fractions near 25, 50 and 95 %, foci 5 mm apart, a lesion across two segments, one beside a
bone."""

_Z6, _Z5 = vertebra_z("T6"), vertebra_z("T4")
_RIB_X = 40.0
_RIB_DY = (RIB_RADIUS**2 - _RIB_X**2) ** 0.5

PROJECTION = LesionSet(
    "projection",
    (
        _ball("lesion_rib_front", (_RIB_X, RIB_Y - _RIB_DY, _Z6), 6.0),
        _ball("lesion_rib_back", (_RIB_X, RIB_Y + _RIB_DY, _Z6), 6.0),
        _ball("lesion_sternum", (0.0, -100.0, _Z5 - 15.0), 6.0),
        _ball("lesion_T5", (0.0, SPINE_Y, _Z5 - 15.0), 6.0, "vertebrae_T5"),
        _in_vertebra("lesion_L2", "L2", 6.0),
        _ball("tumour_primary", (0.0, -30.0, vertebra_z("L2")), 32.0),
    ),
    Expected(
        {"cervical_thoracic_spine": 1, "lumbar_spine_sacrum": 1, "chest": 2, "soft_tissue": 1},
        _DISTAL_CURIE,
    ),
    Expected({"spine": 2, "thoracic_cage": 3, "soft_tissue": 1}, _DISTAL_SIOPEN),
    {
        "anterior": {"curie": 3, "siopen": 2},
        "posterior": {"curie": 4, "siopen": 3},
    },
)
"""Two rib lesions one behind the other, a sternal one before a vertebral one, a vertebral one
behind the primary tumour."""

PARTLY_SEEN = LesionSet(
    "partly_seen",
    (
        _shaft("lesion_femur_L", "femur_left", 0.85, 0.95),
        _in_vertebra("lesion_T8", "T8", 6.0),
    ),
    Expected(
        {"cervical_thoracic_spine": 1, "thighs": (1, 1, 3)},
        ("head", *_DISTAL_CURIE),
    ),
    Expected(
        {"spine": 1, "left_lower_limb_proximal": (4, 1, 5)},
        ("skull", "right_lower_limb_proximal", *_DISTAL_SIOPEN),
    ),
    z_mm=(-250.0, 260.0),
)
"""A field from the neck to the upper thighs: what lies outside is never zero."""

LIMBS = LesionSet(
    "limbs",
    (
        _shaft("lesion_tibia_L", "tibia_left", 0.1, 0.9),
        _shaft("lesion_fibula_L", "fibula_left", 0.1, 0.9),
        _ball("lesion_radius_R", (-121.0, 10.0, -40.0), 6.0),
    ),
    Expected({"forearms_hands": 1, "lower_legs_feet": (2, 1, 2)}),
    Expected({"right_upper_limb_distal": 1, "left_lower_limb_distal": 4}),
    z_mm=(-605.0, 415.0),
    distal=True,
)
"""The distal limbs with bones of their own; lesions of tibia and fibula 5 mm apart."""

LESION_SETS = {one.name: one for one in (CLEAR, BORDERS, PROJECTION, PARTLY_SEEN, LIMBS)}
"""Every set of lesions by its name."""

__all__ = ["LESION_SETS", "SKULL", "Expected", "LesionSet", "PlannedLesion"]
