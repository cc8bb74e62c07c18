"""The passport of a region's asphericity: every estimator by name, its floor, and a verdict."""

from dataclasses import dataclass

from quant.domain.flags import Flag


@dataclass(frozen=True, slots=True)
class ShapeEstimate:
    """What one estimator of surface and volume makes of a region, and of a sphere in its place.

    Parameters
    ----------
    estimator : str
        Its name, for instance ``ibsi_mesh``.
    area_mm2, volume_ml, asphericity : float or None
        None when the estimator has no value for this region; then ``flags`` says why.
    floor, floor_sd : float or None
        Mean and SD, over sub-voxel positions, of the asphericity that the same estimator gives to a
        digital sphere of the same volume on the same grid.
    floor_psf, floor_psf_sd : float or None
        The same of that sphere blurred by the stated point spread and segmented again.
    method : str
        The estimator in a few words, with its lengths in mm.
    flags : tuple of Flag
    """

    estimator: str
    area_mm2: float | None
    volume_ml: float | None
    asphericity: float | None
    floor: float | None
    floor_sd: float | None
    floor_psf: float | None = None
    floor_psf_sd: float | None = None
    method: str = ""
    flags: tuple[Flag, ...] = ()

    @property
    def excess(self) -> float | None:
        """Asphericity above the floor: what is shape rather than grid."""
        if self.asphericity is None or self.floor is None:
            return None
        return self.asphericity - self.floor


@dataclass(frozen=True, slots=True)
class ThresholdSweep:
    """Shape of the emission inside a region's neighbourhood, against the threshold.

    All tuples are equally long. Of each threshold, the part that is connected with the maximum is
    measured.

    Parameters
    ----------
    maximum : float or None
        Largest value in the region, in the unit of the volume; None when there is no curve.
    fractions : tuple of float
        Thresholds as fractions of that maximum.
    volume_ml, asphericity, asphericity_corrected : tuple of float or None
        Voxel volume, and the estimators ``ibsi_mesh`` and ``plane_fitted``.
    parts : tuple of int
        All parts above the threshold in the neighbourhood.
    open : tuple of bool
        True where the part reaches the end of the neighbourhood and would go on beyond.
    rule : str
        How the curve was made.
    flags : tuple of Flag
        Why there is no curve.
    """

    maximum: float | None
    fractions: tuple[float, ...] = ()
    volume_ml: tuple[float, ...] = ()
    asphericity: tuple[float | None, ...] = ()
    asphericity_corrected: tuple[float | None, ...] = ()
    parts: tuple[int, ...] = ()
    open: tuple[bool, ...] = ()
    rule: str = ""
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Passport:
    """Everything that is needed to trust, or not to trust, a region's asphericity.

    Parameters
    ----------
    roi : str
        Name of the region.
    spacing_mm : (dk, dj, di) tuple of float
        Voxels on which the shape was measured.
    voxels : int
        Voxels at least half inside.
    volume_ml : float
        Sum of the weights times the voxel volume.
    equivalent_diameter_mm : float
        Diameter of the ball of that volume.
    components, cavities, tunnels, euler_number : int or None
        ``euler_number = components - tunnels + cavities``; None without a voxel half inside.
    touches_edge : bool
        A voxel of the region lies in the outermost layer of the image.
    psf_fwhm_mm : float or None
        Resolution that the protocol states.
    estimates : tuple of ShapeEstimate
    sweep : ThresholdSweep
    verdict : Flag
        ``ASP_RESOLVED``, ``ASP_RESOLUTION_UNSTATED`` or ``ASP_UNRELIABLE``, with the figures.
    words : str
        The verdict in words, with whatever else spoils the shape.
    """

    roi: str
    spacing_mm: tuple[float, float, float]
    voxels: int
    volume_ml: float
    equivalent_diameter_mm: float
    components: int | None
    cavities: int | None
    tunnels: int | None
    euler_number: int | None
    touches_edge: bool
    psf_fwhm_mm: float | None
    estimates: tuple[ShapeEstimate, ...]
    sweep: ThresholdSweep
    verdict: Flag
    words: str

    @property
    def diameter_over_fwhm(self) -> float | None:
        """Equivalent diameter in units of the stated resolution."""
        if self.psf_fwhm_mm is None:
            return None
        return self.equivalent_diameter_mm / self.psf_fwhm_mm

    def estimate(self, estimator: str) -> ShapeEstimate:
        """Find an estimate by the name of its estimator.

        Raises
        ------
        KeyError
            If there is no estimator of that name.
        """
        for one in self.estimates:
            if one.estimator == estimator:
                return one
        names = ", ".join(one.estimator for one in self.estimates)
        raise KeyError(f"no estimator {estimator!r}; there are: {names}")
