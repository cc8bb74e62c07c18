"""Counts of SPECT reconstructions to count rate and activity concentration.

``counts/s = counts / T`` and ``Bq/ml = counts/s / (sensitivity * voxel volume)``. The duration T is
ActualFrameDuration times the number of frames that one head took; whether
NumberOfFramesInRotation counts the frames of one head or of all is a convention of the vendor, and
so is whether a reconstruction holds counts of all projections or of one. Both must be stated in the
protocol: each is a factor of two or more.

References
----------
DICOM PS3.3 C.8.4.12 (NM TOMO acquisition).
"""

from typing import TYPE_CHECKING

from quant.dicom.files.facts import number, whole
from quant.dicom.values.conversion import Conversion, input_missing, unchanged
from quant.domain.protocol import CalibrationSettings
from quant.domain.units import Unit

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts
    from quant.domain.grid import Grid

ROTATIONS = "RotationInformationSequence"

BQ_PER_MBQ = 1e6

LONGEST_MS, MOST_FRAMES = 1e8, 100_000
"""No camera stands still for a day, nor takes so many frames."""


def duration_s(facts: "Facts", settings: CalibrationSettings) -> float:
    """Return how long each head acquired, s.

    Raises
    ------
    UnitError
        ``CALIBRATION_INPUT_MISSING`` with the attribute or the setting that is missing.
    """
    frame_ms, frames = _rotation(facts)
    return frame_ms / 1000.0 * frames / _heads_counted(settings)


def projections(facts: "Facts", settings: CalibrationSettings) -> float:
    """Return the number of projections of all heads together.

    Raises
    ------
    UnitError
        ``CALIBRATION_INPUT_MISSING``, as :func:`duration_s`.
    """
    _, frames = _rotation(facts)
    return frames / _heads_counted(settings) * _heads(settings)


def to_count_rate(
    unit: Unit, facts: "Facts", files: int, settings: CalibrationSettings
) -> Conversion:
    """Return the conversion of an NM volume to counts per second, of all heads together.

    Parameters
    ----------
    unit : Unit
        Unit of the volume: counts, counts/s, or relative where the protocol says that values
        without a unit are counts.
    facts : dict
        Facts of the first file.
    files : int
        Number of files.
    settings : CalibrationSettings

    Raises
    ------
    UnitError
        ``CALIBRATION_INPUT_MISSING``.
    """
    if unit is Unit.COUNT_RATE:
        return unchanged(files)
    is_counts = unit is Unit.COUNTS
    if unit is Unit.RELATIVE and settings.nm_unstated_values == "counts":
        is_counts = True
    if not is_counts:
        raise input_missing(f"a volume in {unit}", "counts (calibration.nm_unstated_values)")
    if settings.voxel_counts == "unstated":
        raise input_missing("calibration.voxel_counts unstated", "total or per_projection")
    seconds = duration_s(facts, settings)
    summed = projections(facts, settings) if settings.voxel_counts == "per_projection" else 1.0
    said = {
        "acquisition_duration_s": f"{seconds:.9g}",
        "frames_in_rotation": settings.frames_in_rotation,
        "voxel_counts": settings.voxel_counts,
    }
    if settings.heads is not None:
        said["heads"] = str(settings.heads)
    if summed != 1.0:
        said["projections"] = f"{summed:g}"
    return Conversion((summed / seconds,) * files, said)


def to_concentration(grid: "Grid", files: int, settings: CalibrationSettings) -> Conversion:
    """Return the conversion from counts per second to Bq/ml.

    Raises
    ------
    UnitError
        ``CALIBRATION_INPUT_MISSING`` without a sensitivity.
    """
    sensitivity = settings.sensitivity_cps_per_mbq
    if sensitivity is None:
        raise input_missing("no calibration.sensitivity_cps_per_mbq", "counts/s per MBq")
    voxel_ml = grid.voxel_volume_ml
    factor = BQ_PER_MBQ / (sensitivity * voxel_ml)
    said = {"sensitivity_cps_per_mbq": f"{sensitivity:.9g}", "voxel_ml": f"{voxel_ml:.9g}"}
    return Conversion((factor,) * files, said)


def _rotation(facts: "Facts") -> tuple[float, int]:
    """Return the frame duration, ms, and NumberOfFramesInRotation of the one rotation."""
    rotations = whole(facts, ROTATIONS) or 0
    if rotations != 1:
        raise input_missing(f"{ROTATIONS} (0054,0052) with {rotations} items", "one rotation")
    frame_ms = number(facts, f"{ROTATIONS}.0.ActualFrameDuration")
    frames = whole(facts, f"{ROTATIONS}.0.NumberOfFramesInRotation")
    if frame_ms is None or not 0.0 < frame_ms < LONGEST_MS:
        raise input_missing("no usable ActualFrameDuration (0018,1242)", "ms, in the rotation")
    if frames is None or not 0 < frames < MOST_FRAMES:
        raise input_missing("no usable NumberOfFramesInRotation (0054,0053)", "a number of frames")
    return frame_ms, frames


def _heads_counted(settings: CalibrationSettings) -> int:
    """Return how many heads NumberOfFramesInRotation counts."""
    if settings.frames_in_rotation == "unstated":
        raise input_missing("calibration.frames_in_rotation unstated", "per_head or all_heads")
    return _heads(settings) if settings.frames_in_rotation == "all_heads" else 1


def _heads(settings: CalibrationSettings) -> int:
    if settings.heads is None:
        raise input_missing("no calibration.heads", "the number of heads that acquired at once")
    return settings.heads
