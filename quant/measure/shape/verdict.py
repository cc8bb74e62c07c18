"""Whether a region is large enough, for its voxels and its resolution, to have a shape."""

from quant.domain.flags import Flag

SMALL_VOXELS = 64
"""Below this many voxels, shape is flagged as unreliable."""

SMALL_DIAMETERS = 2.0
"""Below this many full widths at half maximum of the resolution, too."""


def size_verdict(voxels: int, diameter_mm: float, psf_fwhm_mm: float | None) -> Flag:
    """Judge the size of a region.

    Parameters
    ----------
    voxels : int
        Voxels at least half inside.
    diameter_mm : float
        Diameter of the ball of the region's volume.
    psf_fwhm_mm : float or None
        Resolution that the protocol states.

    Returns
    -------
    Flag
        ``ASP_UNRELIABLE``, ``ASP_RESOLUTION_UNSTATED`` or ``ASP_RESOLVED``, with the figures.
    """
    found = f"{voxels} voxels, equivalent diameter {diameter_mm:.1f} mm"
    if psf_fwhm_mm is not None:
        found += f", {diameter_mm / psf_fwhm_mm:.1f} times the resolution of {psf_fwhm_mm:g} mm"
    if voxels < SMALL_VOXELS:
        return Flag("ASP_UNRELIABLE", f"{found}: fewer than {SMALL_VOXELS} voxels")
    if psf_fwhm_mm is None:
        return Flag("ASP_RESOLUTION_UNSTATED", found)
    if diameter_mm < SMALL_DIAMETERS * psf_fwhm_mm:
        return Flag("ASP_UNRELIABLE", f"{found}: less than {SMALL_DIAMETERS:g} times")
    return Flag("ASP_RESOLVED", found)


def unreliable_flags(
    voxels: int, diameter_mm: float, psf_fwhm_mm: float | None
) -> tuple[Flag, ...]:
    """Return the verdict when it is ``ASP_UNRELIABLE``, as the flag of an asphericity."""
    verdict = size_verdict(voxels, diameter_mm, psf_fwhm_mm)
    return (verdict,) if verdict.code == "ASP_UNRELIABLE" else ()
