"""The matrix of studies: corrected and uncorrected volumes, beds, one CT or several."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from quant.dicom.pairing import select
from quant.domain.study import Candidate, Selection
from tests.support.dicom_builder import CT, letter_f, nm, save, save_all, slices
from tests.support.reading import only_study

WHOLE = [2.0 * index - 4.0 for index in range(13)]
"""Heights of CT slices that cover the built NM volume."""

EMISSIONS: dict[str, Dataset] = {
    "AC": nm(CorrectedImage=["UNIF", "ATTN"]),
    "ACSC": nm(CorrectedImage=["UNIF", "ATTN", "SCAT"]),
    "NAC": nm(CorrectedImage=["UNIF"]),
    "silent": nm(CorrectedImage=None),
    "said AC": nm(CorrectedImage=None, SeriesDescription="SPECT AC"),
    "said NAC": nm(CorrectedImage=None, SeriesDescription="SPECT NAC"),
}

BEST_FIRST = ("ACSC", "AC", "said AC", "silent", "NAC", "said NAC")

FLAG_OF = {
    "silent": "AC_UNKNOWN",
    "NAC": "NOT_ATTENUATION_CORRECTED",
    "said NAC": "NOT_ATTENUATION_CORRECTED",
}


def ct(uid: str, heights: list[float] = WHOLE, **changes: object) -> list[Dataset]:
    """Return a CT that holds the built NM volume in-plane."""
    series = slices(CT, np.tile(letter_f(1, 12, 12), (len(heights), 1, 1)), heights, **changes)
    for number, data in enumerate(series):
        x, y, z = data.ImagePositionPatient
        data.ImagePositionPatient = [float(x) - 4.0, float(y) - 6.0, float(z)]
        data.SeriesInstanceUID, data.SOPInstanceUID = uid, f"{uid}.{number + 1}"
    return series


def study(folder: Path, emissions: dict[str, Dataset], cts: list[list[Dataset]]) -> Selection:
    """Write a study; series UIDs run against the order given."""
    for number, (name, data) in enumerate(emissions.items()):
        data.SeriesInstanceUID = f"1.2.{99 - number}"
        data.SOPInstanceUID = f"1.2.{99 - number}.1"
        save(data, folder / f"{name}.dcm")
    for number, series in enumerate(cts):
        save_all(series, folder / f"ct{number}")
    return select(only_study(folder))


def name_of(selection: Selection) -> str:
    return selection.emission.files[0].path.name.removesuffix(".dcm") if selection.emission else ""


def ct_of(selection: Selection) -> str:
    return selection.ct.series_uid if selection.ct else ""


def flags_of(selection: Selection) -> dict[str, str]:
    return {flag.code: flag.detail for flag in selection.flags}


def of_ct(selection: Selection) -> dict[str, Candidate]:
    return {one.series_uid: one for one in selection.candidates if one.purpose == "ct"}


@pytest.mark.parametrize("cts", [0, 1, 2])
@pytest.mark.parametrize(
    "names", [*permutations(EMISSIONS, 1), *permutations(EMISSIONS, 2)], ids=" and ".join
)
def test_case_42_every_pair_of_reconstructions_with_no_one_or_two_cts(
    tmp_path: Path, names: tuple[str, ...], cts: int
) -> None:
    """The better corrected one is measured, whatever their order; ties and two CTs are flagged."""
    series = [ct("1.2.8", SeriesNumber=5), ct("1.2.9", SeriesNumber=4)][:cts]
    selection = study(tmp_path, {name: EMISSIONS[name] for name in names}, series)
    best = min(names, key=BEST_FIRST.index)
    tied = set(names) == {"NAC", "said NAC"}
    assert name_of(selection) in (names if tied else [best])
    found = flags_of(selection)
    for name, code in FLAG_OF.items():
        assert (code in found) == (FLAG_OF.get(name_of(selection)) == code), name
    assert ct_of(selection) == ["", "1.2.8", "1.2.9"][cts]
    assert ("NO_CT" in found) == (cts == 0)
    assert ("PAIR_AMBIGUOUS" in found) == (tied or cts == 2)
    assert len(selection.candidates) == len(names) + cts
    assert sum(one.chosen for one in selection.candidates) == 1 + (cts > 0)
    assert all(one.reasons for one in selection.candidates)


def test_equal_volumes_are_reported_with_their_scores(tmp_path: Path) -> None:
    pair = {"one": nm(SeriesNumber=3), "two": nm(SeriesNumber=4)}
    selection = study(tmp_path, pair, [])
    assert name_of(selection) == "one"
    assert flags_of(selection)["PAIR_AMBIGUOUS"].count(" 110") == 2


def test_a_description_alone_does_not_settle_between_two_that_are_corrected(
    tmp_path: Path,
) -> None:
    """Both bear ATTN; one says so in words, the other says nothing."""
    pair = {
        "said": nm(CorrectedImage=["ATTN"], SeriesDescription="SPECT AC"),
        "silent": nm(CorrectedImage=["ATTN"]),
    }
    selection = study(tmp_path, pair, [])
    assert name_of(selection) == "said"
    detail = flags_of(selection)["PAIR_AMBIGUOUS"]
    assert "105" in detail
    assert "100" in detail


def test_two_beds_are_told_from_two_reconstructions_of_one(tmp_path: Path) -> None:
    """Each of the built volumes is 20 mm long; the second bed begins where the first ends."""
    beds = {"chest": nm(SeriesNumber=1), "pelvis": nm(position=(-10, -20, 10), SeriesNumber=2)}
    selection = study(tmp_path / "beds", beds, [])
    assert name_of(selection) == "chest"
    assert "another place" in flags_of(selection)["PAIR_AMBIGUOUS"]
    assert "another bed" in flags_of(selection)["PAIR_AMBIGUOUS"]
    same = {"one": nm(SeriesNumber=1), "two": nm(SeriesNumber=2)}
    assert "place" not in flags_of(study(tmp_path / "same", same, []))["PAIR_AMBIGUOUS"]


def test_the_other_bed_may_be_the_longer_one(tmp_path: Path) -> None:
    """More slices go first; the shorter bed is named as lying elsewhere."""
    beds = {
        "short": nm(SeriesNumber=1),
        "long": nm(letter_f(8), position=(-10, -20, -30), SeriesNumber=2),
    }
    selection = study(tmp_path, beds, [])
    assert name_of(selection) == "long"
    assert "another place" in flags_of(selection)["PAIR_AMBIGUOUS"]


# Which CT


def test_a_resampled_ctac_loses_to_the_original_ct(tmp_path: Path) -> None:
    """The derived one lies on the emission grid and covers all of it; the original does not."""
    derived = ct("1.2.8", [4.0 * k - 2.0 for k in range(7)], ImageType=["DERIVED", "SECONDARY"])
    original = ct("1.2.9", WHOLE[:-4])
    selection = study(tmp_path, {"spect": nm()}, [derived, original])
    candidates = of_ct(selection)
    assert "covers 100%" in candidates["1.2.8"].reasons[0]
    assert "covers 78%" in candidates["1.2.9"].reasons[0]
    assert ct_of(selection) == "1.2.9"


def test_the_finest_slices_of_one_acquisition_are_taken(tmp_path: Path) -> None:
    thick = ct("1.2.8", [6.0 * k - 6.0 for k in range(6)])
    selection = study(tmp_path, {"spect": nm()}, [thick, ct("1.2.9")])
    assert ct_of(selection) == "1.2.9"
    assert "PAIR_AMBIGUOUS" in flags_of(selection)
    assert "1.2.8" in flags_of(selection)["PAIR_AMBIGUOUS"]


@pytest.mark.parametrize("near", ["1.2.8", "1.2.9"])
def test_of_two_acquisitions_the_one_nearer_in_time_is_taken(tmp_path: Path, near: str) -> None:
    """Across midnight: the emission at 23:50, one CT at 00:05, the other at 19:50 before."""
    emission = nm(AcquisitionDate="20240131", AcquisitionTime="235000")
    times = {True: ("20240201", "000500"), False: ("20240131", "195000")}
    series = []
    for uid in ("1.2.8", "1.2.9"):
        day, clock = times[uid == near]
        series.append(ct(uid, AcquisitionDate=day, AcquisitionTime=clock))
    selection = study(tmp_path, {"spect": emission}, series)
    assert ct_of(selection) == near
    assert of_ct(selection)[near].reasons[3] == "15 min from the emission acquisition"
    assert "PAIR_AMBIGUOUS" not in flags_of(selection)


def test_unknown_times_are_said_and_settle_nothing(tmp_path: Path) -> None:
    selection = study(tmp_path, {"spect": nm()}, [ct("1.2.8"), ct("1.2.9")])
    assert all("unknown" in one.reasons[3] for one in of_ct(selection).values())
    assert "PAIR_AMBIGUOUS" in flags_of(selection)


def test_a_ct_in_another_frame_never_goes_with_the_volume_even_alone(tmp_path: Path) -> None:
    selection = study(
        tmp_path, {"spect": nm()}, [ct("1.2.8", FrameOfReferenceUID="1.2.77"), ct("1.2.9")]
    )
    assert ct_of(selection) == "1.2.9"
    assert "another frame" in of_ct(selection)["1.2.8"].reasons[0]
    assert "PAIR_AMBIGUOUS" not in flags_of(selection)


def test_a_localizer_and_a_coronal_reformat_are_no_candidates(tmp_path: Path) -> None:
    series = [
        ct("1.2.7", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
        ct("1.2.8", orientation=(1.0, 0.0, 0.0, 0.0, 0.0, -1.0)),
        ct("1.2.9", ImageType=["DERIVED", "SECONDARY", "AXIAL"]),
    ]
    assert ct_of(study(tmp_path, {"spect": nm()}, series)) == "1.2.9"


def test_an_uncorrected_series_that_comes_first_is_not_taken_for_its_name(tmp_path: Path) -> None:
    """Order of files, names and UIDs all speak for the wrong one."""
    nac = nm(CorrectedImage=["UNIF"], SeriesInstanceUID="1.1", SOPInstanceUID="1.1.1")
    ac = nm(CorrectedImage=["UNIF", "ATTN"], SeriesInstanceUID="1.9", SOPInstanceUID="1.9.1")
    save(nac, tmp_path / "0000.dcm")
    save(ac, tmp_path / "9999.dcm")
    assert name_of(select(only_study(tmp_path))) == "9999"
