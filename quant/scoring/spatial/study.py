"""Score a study: bones and lesions from its files."""

from dataclasses import replace
from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.domain.protocol import StudyProtocol
from quant.domain.region import Role
from quant.domain.shapes import LabelShape
from quant.domain.text import plain
from quant.errors import RegionError, StudyError
from quant.regions.choice import Choice
from quant.scoring.spatial.bone_names import CAVITIES, canonical_bone
from quant.scoring.spatial.rules import LesionRules

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.protocol import RegionSettings
    from quant.domain.shapes import Shape
    from quant.domain.study import StudyFiles
    from quant.regions.sources import ShapesFound
    from quant.scoring.spatial.result import LesionScores

SCORED_ROLES = (Role.LESION, Role.TUMOUR)


class BonesAndLesions(Choice):
    """Wants bones, chest and abdomen, and whatever has the role of a lesion or a tumour."""

    def has_role(self, name: str) -> bool:
        """Tell whether a region is worth reading for a score."""
        return is_skeletal(name) or self.scored_role(name) is not None

    def scored_role(self, name: str) -> Role | None:
        """Return ``lesion`` or ``tumour``; None for other regions."""
        from quant.regions.roles import assign_role

        role = assign_role(name, self.settings)[0]
        return role if role in SCORED_ROLES else None


def is_skeletal(name: str) -> bool:
    """Tell whether a region is a bone, or stands for chest or abdomen."""
    return bool(canonical_bone(name)) or name in CAVITIES


def score_study(
    study: "StudyFiles",
    rules: LesionRules | None = None,
    protocol: StudyProtocol | None = None,
) -> "LesionScores":
    """Score the lesions of a study by where they lie on its skeleton.

    Parameters
    ----------
    study : StudyFiles
        With bones (SEG, NIfTI, NRRD, MHA, RTSTRUCT; names of TotalSegmentator) and lesions.
    rules : LesionRules, optional
    protocol : StudyProtocol, optional
        Words that give roles, and how the emission volume is chosen; None for the defaults.

    Returns
    -------
    LesionScores

    Raises
    ------
    StudyError
        ``SCORE_NO_BONES`` without a bone, ``SCORE_NO_LESIONS`` without a lesion region (an empty
        mask of a lesion says that there is none); what reading the volume or a region raises: a
        lesion that cannot be read or laid is never left out of a score.
    """
    from quant.regions.sources import gather_shapes
    from quant.scoring.spatial.regions import score_shapes

    protocol = protocol or StudyProtocol(name="scores")
    field, flags = _field(study, protocol)
    wanted = BonesAndLesions(protocol.regions)
    found = gather_shapes(study, choice=wanted)
    _require_readable(found)
    bones, lesions = [], []
    for shape in found.shapes:
        role = None if is_skeletal(shape.name) else wanted.scored_role(shape.name)
        try:
            checked, notes = _checked(shape, field, study.study_uid, protocol.regions)
            flags += notes
            if role is not None:
                lesions.append((checked, role))
            else:
                bones.append(checked)
        except RegionError as error:
            if role is not None:
                raise
            flags.append(Flag(error.code, f"{shape.name}: {error.found or error.what}"))
    drawn = [(shape, role) for shape, role in lesions if not _is_empty(shape)]
    if not lesions:
        raise _no_lesions(found)
    if not drawn:
        flags.append(Flag("SCORE_LESIONS_EMPTY", ", ".join(shape.name for shape, _ in lesions)))
    scores = score_shapes(bones, drawn, rules or LesionRules(), field)
    return replace(scores, flags=(*flags, *scores.flags), study_uid=study.study_uid)


def _field(study: "StudyFiles", protocol: StudyProtocol) -> "tuple[Grid | None, list[Flag]]":
    """Return the grid of the emission volume, and what choosing it had to say."""
    from quant.dicom.pairing import select
    from quant.dicom.volumes import read_volume

    selection = select(study, protocol.emission)
    flags = [*study.flags, *selection.flags]
    if selection.emission is None:
        return None, [*flags, Flag("SCORE_FIELD_UNKNOWN")]
    return read_volume(selection.emission).grid, flags


def _checked(
    shape: "Shape", field: "Grid | None", study_uid: str, settings: "RegionSettings"
) -> "tuple[Shape, list[Flag]]":
    """Refuse a region of another frame or study; return it with what was noticed about it.

    A region of another frame that the protocol accepts gets the frame of the volume.
    """
    from quant.regions.frames import check_frame, require_same_study

    flags = list(shape.flags)
    if field is not None:
        require_same_study(shape, field, study_uid)
        flags += check_frame(shape, field, accept_other=settings.accept_other_frame)
        shape = replace(shape, frame_of_reference_uid=field.frame_of_reference_uid)
    return shape, [
        replace(flag, detail=f"{shape.name}: {flag.detail}".rstrip(": ")) for flag in flags
    ]


def _is_empty(shape: "Shape") -> bool:
    if isinstance(shape, LabelShape):
        return not bool(shape.weights.any())
    return not shape.contours_mm


def _require_readable(found: "ShapesFound") -> None:
    """Refuse a study with a file of regions that cannot be read: it may hold lesions."""
    for one in found.quarantined:
        raise StudyError(
            one.code,
            "A file of regions cannot be read; it may hold lesions.",
            found=one.message,
            needed="every file of regions readable",
            next_step="export the file again, or remove it if it holds no lesion",
        )


def _no_lesions(found: "ShapesFound") -> StudyError:
    names = ", ".join(plain(name) for name in found.unread[:12])
    return StudyError(
        "SCORE_NO_LESIONS",
        "The study holds no lesion region, so nothing can be scored.",
        found=f"regions without that role: {names}" if names else "no region of that role",
        needed="at least one region whose name has a word of lesions or tumours",
        next_step="draw the lesions; for a patient without any, supply an empty mask named lesion",
    )
