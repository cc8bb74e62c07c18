"""What an asphericity below 0 means: a defect, the scatter of an estimator, or two bodies mixed."""

from quant.domain.flags import Flag
from quant.errors import StudyError
from quant.measure.shape.surface import Surface, asphericity

NEGATIVE_TOLERANCE = 1e-6
"""Asphericity of one closed mesh below minus this is a defect, not rounding."""

SCATTERS_ALLOWED = 3.0
"""The corrected asphericity may fall below 0 by this many SD of its area over directions."""


def closed_asphericity(area_mm2: float, volume_mm3: float) -> float:
    """Asphericity of surface and volume of one closed body.

    Raises
    ------
    StudyError
        ``ASPHERICITY_NEGATIVE`` below -1e-6: no closed body has less surface than the ball.
    """
    value = asphericity(area_mm2, volume_mm3)
    if value >= -NEGATIVE_TOLERANCE:
        return value
    raise StudyError(
        "ASPHERICITY_NEGATIVE",
        "A closed surface came out smaller than that of the ball of its volume.",
        found=f"asphericity {value:.6g}",
        needed="0 or more",
        next_step="report this as a defect, with the region",
    )


def fitted_asphericity(surface: Surface) -> tuple[float | None, tuple[Flag, ...]]:
    """Asphericity of the plane-fitted area over the voxel volume, with what its scatter allows."""
    value = asphericity(surface.fitted_area_mm2, surface.voxels_mm3)
    allowed = SCATTERS_ALLOWED * surface.fitted_scatter
    found = f"{value:.4f}, scatter allows {-allowed:.4f}"
    if value < -allowed:
        return None, (Flag("ASP_BELOW_SCATTER", found),)
    if value < 0.0:
        return value, (Flag("ASP_WITHIN_SCATTER", found),)
    return value, ()


def mixed_asphericity(area_mm2: float, volume_mm3: float) -> tuple[float, tuple[Flag, ...]]:
    """Asphericity of a surface and a volume that do not belong together: as it is, with reason."""
    value = asphericity(area_mm2, volume_mm3)
    return value, (Flag("ASP_MIXED_NEGATIVE", f"{value:.4f}"),) if value < 0.0 else ()
