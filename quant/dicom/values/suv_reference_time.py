r"""To which moment the decay correction of a PET series refers.

DICOM's DecayCorrection START means the start of the series, which vendors write in different
places and which many systems overwrite. The chain that reproduces the digital reference objects
of the image biomarker standardisation initiative (IBSI) is followed to the letter:

1. GE's private scan time (0009,xx0D);
2. SeriesDate and SeriesTime, if not after the earliest acquisition;
3. slice by slice AcquisitionTime + T_ave - FrameReferenceTime, where T_ave is when the rate is
   its mean over the frame;
4. the earliest acquisition.

References
----------
DICOM PS3.3 C.8.9.1 (PET series), C.8.9.4.1.5 (frame reference time).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from quant.dicom.files.facts import number, text
from quant.dicom.values.suv_factors import missing
from quant.dicom.values.times import local_offset, moment_of, parse_datetime
from quant.domain.flags import Flag
from quant.domain.nuclides import mean_rate_delay_s

if TYPE_CHECKING:
    from quant.domain.study import FileEntry

SAME_TIME_S = 60.0
"""Series time and back-computed time differ in substance beyond this."""

LONGEST_MS = 1e10
"""No frame lasts, and no series runs, for four months."""

GE_STEP = "GE scan time (0009,xx0D)"
SERIES_STEP = "SeriesDate and SeriesTime"
BACK_STEP = "AcquisitionTime + T_ave - FrameReferenceTime"
EARLIEST_STEP = "earliest AcquisitionTime"


@dataclass(frozen=True, slots=True)
class TimeChain:
    """Every time that the chain looks at, one entry a file where it is of files.

    ``mid`` is when the rate of a slice was its mean: acquisition + T_ave.
    """

    ge_scan: datetime | None
    series: datetime | None
    acquisitions: tuple[datetime | None, ...]
    mid: tuple[datetime | None, ...]
    back_computed: tuple[datetime | None, ...]

    @property
    def earliest(self) -> datetime | None:
        """The earliest acquisition; None when no slice states one."""
        return min((one for one in self.acquisitions if one is not None), default=None)

    def flags(self) -> tuple[Flag, ...]:
        """``PET_REFTIME`` when the series time is not the back-computed one."""
        known = [one for one in self.back_computed if one is not None]
        if self.series is None or not known:
            return ()
        off_s = max(abs((one - self.series).total_seconds()) for one in known)
        if off_s <= SAME_TIME_S:
            return ()
        return (Flag("PET_REFTIME", f"SeriesTime is off by {off_s:.0f} s at the most"),)


def time_chain(files: "tuple[FileEntry, ...]", half_life_s: float | None) -> TimeChain:
    """Read the times of a series; nothing is raised, what is not stated is None."""
    first = files[0].facts
    acquisitions = tuple(moment_of(entry.facts, "Acquisition") for entry in files)
    mid = tuple(
        _mid(entry, moment, half_life_s) for entry, moment in zip(files, acquisitions, strict=True)
    )
    return TimeChain(
        parse_datetime(text(first, "GEScanDateTime"), local_offset(first)),
        moment_of(first, "Series"),
        acquisitions,
        mid,
        tuple(_back_computed(entry, moment) for entry, moment in zip(files, mid, strict=True)),
    )


def start_references(chain: TimeChain) -> tuple[str, tuple[datetime, ...]]:
    """Return the step of the chain that was taken and the reference time of every slice.

    Raises
    ------
    UnitError
        ``SUV_INPUT_MISSING`` when no time is stated.
    """
    count = len(chain.acquisitions)
    if chain.ge_scan is not None:
        return GE_STEP, (chain.ge_scan,) * count
    earliest = chain.earliest
    if earliest is None:
        raise missing("AcquisitionDate (0008,0022) and AcquisitionTime (0008,0032)")
    if chain.series is not None and chain.series <= earliest:
        return SERIES_STEP, (chain.series,) * count
    back = tuple(one for one in chain.back_computed if one is not None)
    if len(back) == count:
        return BACK_STEP, back
    return EARLIEST_STEP, (earliest,) * count


def uncorrected_references(chain: TimeChain) -> tuple[str, tuple[datetime, ...]]:
    """Return when the rate of every slice was its mean: what values without decay correction are.

    Raises
    ------
    UnitError
        ``SUV_INPUT_MISSING`` when a slice lacks its acquisition time or its duration.
    """
    if None in chain.acquisitions:
        raise missing("AcquisitionDate (0008,0022) and AcquisitionTime (0008,0032)")
    known = tuple(one for one in chain.mid if one is not None)
    if len(known) < len(chain.mid):
        raise missing("ActualFrameDuration (0018,1242)")
    return "AcquisitionTime + T_ave", known


def _mid(
    entry: "FileEntry", acquired: datetime | None, half_life_s: float | None
) -> datetime | None:
    duration_ms = number(entry.facts, "ActualFrameDuration") or 0.0
    if acquired is None or half_life_s is None or not 0.0 < duration_ms < LONGEST_MS:
        return None
    delay_s = mean_rate_delay_s(half_life_s, duration_ms / 1000.0)
    return acquired + timedelta(seconds=delay_s)


def _back_computed(entry: "FileEntry", mid: datetime | None) -> datetime | None:
    frame_reference_ms = number(entry.facts, "FrameReferenceTime")
    if mid is None or frame_reference_ms is None or abs(frame_reference_ms) > LONGEST_MS:
        return None
    return mid - timedelta(milliseconds=frame_reference_ms)
