"""Score regions that are at hand."""

from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.domain.region import Role
from quant.errors import RegionError
from quant.scoring.readings.segments import System
from quant.scoring.spatial.apart import Pairs, close_pairs
from quant.scoring.spatial.bone_names import CAVITIES, canonical_bone, side_flags, wrong_sides
from quant.scoring.spatial.bones import gather_bones, no_bones, within
from quant.scoring.spatial.foci import Focus, Lie, foci_of, lie_of, same_pairs
from quant.scoring.spatial.laying import as_shape, common_grid
from quant.scoring.spatial.levels import score_system
from quant.scoring.spatial.places import place_focus
from quant.scoring.spatial.planar import planar_views
from quant.scoring.spatial.result import BoneEvidence, BoneShare, LesionEvidence, LesionScores
from quant.scoring.spatial.rules import LesionRules
from quant.scoring.spatial.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quant.domain.grid import Grid
    from quant.domain.region import Region
    from quant.domain.shapes import Shape
    from quant.scoring.spatial.bones import Skeleton
    from quant.scoring.spatial.result import Placement


def score_regions(
    bones: "Sequence[Region]",
    lesions: "Sequence[Region]",
    rules: LesionRules | None = None,
    *,
    field: "Grid | None" = None,
) -> LesionScores:
    """Score lesions by where they lie on the skeleton.

    Parameters
    ----------
    bones : sequence of Region
        Named as TotalSegmentator names them; others are left out. On any grids. Regions named
        ``thoracic_cavity`` and ``abdominal_cavity`` stand for chest and abdomen.
    lesions : sequence of Region
        Of the role ``tumour`` (the primary) or another one (a lesion); on any grids of the same
        frame of reference. None at all: every segment that was seen scores 0.
    rules : LesionRules, optional
        Settings; None for their defaults.
    field : Grid, optional
        Grid of the emission volume: what of a bone lies outside was not seen. None: all was seen.

    Returns
    -------
    LesionScores

    Raises
    ------
    RegionError
        ``SCORE_NO_BONES`` without any bone, ``ROI_FOR_MISMATCH`` for another frame of reference.

    Examples
    --------
    >>> scores = score_regions(bones, lesions, LesionRules(psf_fwhm_mm=9.0))  # doctest: +SKIP
    >>> scores.curie.total.total, scores.siopen.low, scores.siopen.high  # doctest: +SKIP
    """
    drawn = [
        (as_shape(one), Role.TUMOUR if one.role is Role.TUMOUR else Role.LESION) for one in lesions
    ]
    return score_shapes([as_shape(one) for one in bones], drawn, rules or LesionRules(), field)


def score_shapes(
    bones: "Iterable[Shape]",
    lesions: "Sequence[tuple[Shape, Role]]",
    rules: LesionRules,
    field: "Grid | None",
) -> LesionScores:
    """Score lesions as they were drawn; see :func:`score_regions`."""
    named: dict[str, list[Shape]] = {}
    cavities: dict[str, Shape] = {}
    for shape in bones:
        name = canonical_bone(shape.name)
        if name:
            named.setdefault(name, []).append(shape)
        elif shape.name in CAVITIES:
            cavities[shape.name] = shape
    if not named:
        raise no_bones()
    every = [shape for parts in named.values() for shape in parts]
    grid = common_grid(every, [*cavities.values(), *(shape for shape, _ in lesions)])
    _require_frame(grid, field)
    skeleton = gather_bones(named, cavities, grid, field)
    foci = [focus for shape, role in lesions for focus in foci_of(shape, role, grid)]
    flags = [*side_flags(skeleton.centroids_mm)]
    inside = [focus for focus in foci if field is None or within(focus.region, field) is not None]
    if len(inside) < len(foci):
        outside = [focus.key for focus in foci if focus not in inside]
        flags.append(Flag("SCORE_LESION_OUTSIDE", ", ".join(outside)))
    scene, own_flags = _scene(tuple(inside), skeleton, rules)
    flags += _about_scene(scene)
    systems = {system: score_system(scene, system) for system in (System.CURIE, System.SIOPEN)}
    return LesionScores(
        rules,
        systems,
        planar_views(scene, systems),
        tuple(
            _lesion(focus, lie, places, own, skeleton)
            for focus, lie, places, own in zip(
                scene.foci, scene.lies, scene.places, own_flags, strict=True
            )
        ),
        tuple(
            BoneEvidence(bone.name, bone.whole.volume_ml, bone.in_field)
            for bone in skeleton.bones.values()
        ),
        tuple(flags),
    )


def _require_frame(grid: "Grid", field: "Grid | None") -> None:
    """Refuse a field in another frame of reference than the regions."""
    if field is None:
        return
    drawn, wanted = (one.frame_of_reference_uid.strip(" \0") for one in (grid, field))
    if drawn and wanted and drawn != wanted:
        raise RegionError(
            "ROI_FOR_MISMATCH",
            "Bones and lesions were drawn in another frame of reference than the emission volume.",
            found=f"frame of reference ...{drawn[-24:]}",
            needed=f"...{wanted[-24:]}, the frame of the emission volume",
            next_step="transfer the regions to the emission volume's frame",
        )


def _scene(
    foci: tuple[Focus, ...], skeleton: "Skeleton", rules: LesionRules
) -> tuple[Scene, list[tuple[Flag, ...]]]:
    """Place every focus, and find those that are one or may be."""
    lies = tuple(lie_of(focus, skeleton, rules.near_bone_mm) for focus in foci)
    placed = [
        place_focus(focus, lie, skeleton, rules) for focus, lie in zip(foci, lies, strict=True)
    ]
    same = same_pairs(foci, rules.same_lesion)
    merged: Pairs = close_pairs([focus.surface for focus in foci], rules.psf_fwhm_mm or 0.0) | same
    places = tuple(one[0] for one in placed)
    astray = wrong_sides(skeleton.centroids_mm)
    scene = Scene(skeleton, foci, lies, places, same, merged, rules, astray)
    return scene, [one[1] for one in placed]


def _about_scene(scene: Scene) -> list[Flag]:
    """Say what holds for the study as a whole."""
    flags = []
    if scene.rules.psf_fwhm_mm is None and len(scene.foci) > 1:
        flags.append(Flag("SCORE_RESOLUTION_UNSTATED"))
    if scene.same:
        keys = [f"{scene.foci[i].key} and {scene.foci[j].key}" for i, j in sorted(scene.same)]
        flags.append(Flag("SCORE_LESION_TWICE", "; ".join(keys)))
    missing = scene.skeleton.missing_anywhere()
    if missing:
        flags.append(Flag("SCORE_BONES_MISSING", ", ".join(missing)))
    return flags


def _lesion(
    focus: Focus,
    lie: Lie,
    places: "dict[System, Placement]",
    flags: tuple[Flag, ...],
    skeleton: "Skeleton",
) -> LesionEvidence:
    """Write down how a focus lies."""
    shares = [
        BoneShare(
            name,
            lap.voxels / focus.voxels,
            min(lap.voxels / skeleton.bones[name].seen_voxels, 1.0),
        )
        for name, lap in lie.on.items()
    ]
    shares.sort(key=lambda share: (-share.of_lesion, share.bone))
    return LesionEvidence(
        focus.key,
        focus.role.value,
        focus.region.volume_ml,
        focus.centroid_mm,
        min(lie.on_bone, 1.0),
        lie.near_bone,
        tuple(shares),
        lie.nearest,
        lie.distance_mm,
        places,
        flags,
    )
