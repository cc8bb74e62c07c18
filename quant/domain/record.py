"""The record of one study: the source from which tables and reports are derived."""

from dataclasses import dataclass, field
from enum import StrEnum

from quant.domain.flags import Flag
from quant.domain.measurement import Interval, Measurement
from quant.domain.passport import Passport
from quant.domain.region import Role
from quant.domain.sphere import Sphere
from quant.domain.study import Candidate, QuarantineEntry

LESION_ROLES = (str(Role.TUMOUR), str(Role.LESION))
"""Roles of the regions that have uptake, ratios and shape of their own."""


class Status(StrEnum):
    """How much of a study was measured."""

    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RegionSummary:
    """What the record keeps of a region: no voxels, only what it was and how it was laid."""

    name: str
    role: str
    source: str
    rule: str
    volume_ml: float
    voxels: int
    clipped_fraction: float
    is_primary: bool = False
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """Everything measured in one study, and how.

    Parameters
    ----------
    study_uid, series_uid, subject_key : str
    status : Status
    modality, unit, radionuclide : str
    facts : dict of str to str
        Acquisition, geometry and calibration facts of the volume measured.
    candidates : tuple of Candidate
        Every series that was considered, with its score.
    regions : tuple of RegionSummary
    spheres : tuple of Sphere
    measurements : tuple of Measurement
        Study-level values (``roi`` names the region or sphere) and those of every lesion.
    passports : tuple of Passport
        How far the shape of each tumour and lesion is to be trusted, with its threshold curve.
    flags : tuple of Flag
        Flags of the study; those of single measurements stand with them.
    quarantine : tuple of QuarantineEntry
        Regions and files of this study that were refused.
    protocol_name, protocol_hash, input_hash : str
    versions : dict of str to str
    """

    study_uid: str
    subject_key: str
    status: Status
    series_uid: str = ""
    modality: str = ""
    unit: str = ""
    radionuclide: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    regions: tuple[RegionSummary, ...] = ()
    spheres: tuple[Sphere, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    passports: tuple[Passport, ...] = ()
    flags: tuple[Flag, ...] = ()
    quarantine: tuple[QuarantineEntry, ...] = ()
    protocol_name: str = ""
    protocol_hash: str = ""
    input_hash: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def primary(self) -> RegionSummary | None:
        """The primary tumour's region, or None."""
        return next((region for region in self.regions if region.is_primary), None)

    def _repr_html_(self) -> str:
        """Return a short table for notebooks, everything in it escaped."""
        from quant.domain.notebook import record_html

        return record_html(self)

    def measurement(self, name: str, roi: str | None = None) -> Measurement:
        """Find a measurement by its column name.

        Parameters
        ----------
        name : str
            Column name, for instance ``tmax_lmax``.
        roi : str, optional
            Region's name; by default the primary tumour's value, or the study's own.

        Raises
        ------
        KeyError
            If the record holds no measurement of that name; an absent value is not an error.
        """
        found = [one for one in self.measurements if one.name == name]
        if roi is None:
            primary = self.primary
            lesions = {
                region.name
                for region in self.regions
                if region.role in LESION_ROLES and not region.is_primary
            }
            mine = [one for one in found if primary is not None and one.roi == primary.name]
            found = mine or [one for one in found if one.roi not in lesions]
        else:
            found = [one for one in found if one.roi == roi]
        if not found:
            names = sorted({one.name for one in self.measurements})
            message = f"no measurement {name!r} (roi {roi!r}); there are: {', '.join(names)}"
            raise KeyError(message)
        return found[0]

    def value(self, name: str, roi: str | None = None) -> float | int | None:
        """Value of a measurement; None when it could not be measured (its flags say why)."""
        if self.status is Status.FAILED and not self.measurements:
            return None
        return self.measurement(name, roi).value

    def interval(self, name: str, roi: str | None = None) -> Interval | None:
        """Interval of a measurement, or None when it has none."""
        if self.status is Status.FAILED and not self.measurements:
            return None
        return self.measurement(name, roi).interval
