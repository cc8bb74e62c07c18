"""NM objects of several volumes: told apart, named, picked, summed, or refused by name."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from quant.dicom.nm.volumes import split_nm
from quant.dicom.pairing import select
from quant.dicom.volumes import place_volume, read_volume
from quant.domain.flags import CODES
from quant.domain.protocol import EmissionSettings
from quant.domain.record import StudyRecord
from quant.domain.study import SeriesEntry
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.errors import ProtocolError, ReadError
from quant.pipeline.protocols import load_protocol, settings_of
from quant.pipeline.study import measure_study
from tests.support.dicom_builder import AXIAL, item, letter_f, nm, save
from tests.support.reading import only_study

SLICES = 5
POSITION = np.array([-10.0, -20.0, 30.0])
RECON = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
GATED = ["DERIVED", "PRIMARY", "RECON GATED TOMO", "EMISSION"]
WINDOWS = [
    item(
        EnergyWindowName=name,
        EnergyWindowRangeSequence=[item(EnergyWindowLowerLimit=low, EnergyWindowUpperLimit=high)],
    )
    for name, low, high in (("I-131 peak", "328", "400"), ("I-131 scatter", "250", "300"))
]


def stack(volumes: int) -> NDArray[np.uint16]:
    """Frames of several volumes, (volume, slice), each an F times its number from 1."""
    return np.concatenate([letter_f() * (number + 1) for number in range(volumes)])


def counting(*sizes: int) -> list[list[int]]:
    """Frame vectors from 1, the last varying fastest."""
    places = np.indices(sizes).reshape(len(sizes), -1) + 1
    return [[int(value) for value in place] for place in places]


def gated(intervals: int = 2, slots: int = 3, /, **changes: object) -> Dataset:
    """RECON GATED TOMO as Table C.8-8 orders it: R-R interval, time slot, slice."""
    by_interval, by_slot, by_slice = counting(intervals, slots, SLICES)
    base: dict[str, object] = {
        "ImageType": GATED,
        "FrameIncrementPointer": [0x00540060, 0x00540070, 0x00540080],
        "NumberOfRRIntervals": intervals,
        "NumberOfTimeSlots": slots,
        "NumberOfSlices": SLICES,
        "RRIntervalVector": by_interval,
        "TimeSlotVector": by_slot,
        "SliceVector": by_slice,
    }
    return nm(stack(intervals * slots), **(base | changes))


def windows(count: int = 2, /, **changes: object) -> Dataset:
    """RECON TOMO with an energy window vector before the slices."""
    by_window, by_slice = counting(count, SLICES)
    base: dict[str, object] = {
        "FrameIncrementPointer": [0x00540010, 0x00540080],
        "NumberOfEnergyWindows": count,
        "NumberOfSlices": SLICES,
        "EnergyWindowInformationSequence": WINDOWS,
        "EnergyWindowVector": by_window,
        "SliceVector": by_slice,
    }
    return nm(stack(count), **(base | changes))


def parts_of(folder: Path, data: Dataset) -> tuple[SeriesEntry, ...]:
    save(data, folder / "a.dcm")
    return only_study(folder).by_modality("NM")


def measured(folder: Path, data: Dataset, **settings: object) -> Volume:
    save(data, folder / "a.dcm")
    study = only_study(folder)
    emission = select(study, EmissionSettings.model_validate(settings)).emission
    assert emission is not None
    return read_volume(emission)


def details(volume: Volume, code: str) -> list[str]:
    return [flag.detail for flag in volume.flags if flag.code == code]


def test_several_volumes_are_a_warning_not_an_error() -> None:
    assert str(CODES["NM_MULTI"].severity) == "warning"


def test_a_gated_object_of_2_intervals_and_3_slots_is_6_named_volumes(tmp_path: Path) -> None:
    parts = parts_of(tmp_path, gated())
    assert [part.part for part in parts] == [
        f"R-R interval {interval} of 2, time slot {slot} of 3"
        for interval in (1, 2)
        for slot in (1, 2, 3)
    ]
    assert [part.frames for part in parts] == [tuple(range(5 * n, 5 * n + 5)) for n in range(6)]
    for number, part in enumerate(parts, start=1):
        volume = read_volume(part)
        np.testing.assert_array_equal(volume.values, letter_f() * float(number))
        np.testing.assert_allclose(volume.grid.to_mm((4, 0, 0)), POSITION + np.array([0, 0, 16.0]))
        assert volume.provenance.facts["part"] == part.part
        assert details(volume, "NM_MULTI") == [f"this is {part.part}"]


def test_one_r_r_interval_leaves_gates(tmp_path: Path) -> None:
    parts = parts_of(tmp_path, gated(1, 8))
    assert [part.part for part in parts] == [f"gate {n} of 8" for n in range(1, 9)]


def test_energy_windows_are_named_by_the_file_or_by_their_limits(tmp_path: Path) -> None:
    parts = parts_of(tmp_path / "named", windows())
    assert [part.part for part in parts] == [
        "energy window 1 of 2 (I-131 peak)",
        "energy window 2 of 2 (I-131 scatter)",
    ]
    nameless = [
        item(EnergyWindowRangeSequence=one.EnergyWindowRangeSequence) for one in WINDOWS[:1]
    ]
    parts = parts_of(tmp_path / "limits", windows(EnergyWindowInformationSequence=nameless))
    assert [part.part for part in parts] == [
        "energy window 1 of 2 (328-400 keV)",
        "energy window 2 of 2",
    ]


@pytest.mark.parametrize(
    ("vector", "word"),
    [
        ("DetectorVector", "detector"),
        ("RotationVector", "rotation"),
        ("PhaseVector", "phase"),
        ("TimeSlotVector", "gate"),
    ],
)
def test_every_frame_vector_tells_volumes_apart(tmp_path: Path, vector: str, word: str) -> None:
    by_part, by_slice = counting(2, SLICES)
    data = nm(stack(2), **{vector: by_part, "SliceVector": by_slice, "NumberOfSlices": SLICES})
    parts = parts_of(tmp_path, data)
    assert [part.part for part in parts] == [f"{word} 1 of 2", f"{word} 2 of 2"]
    np.testing.assert_array_equal(read_volume(parts[1]).values, letter_f() * 2.0)


MISSING: dict[str, tuple[Dataset, int]] = {
    "all vectors": (
        gated(RRIntervalVector=None, TimeSlotVector=None, SliceVector=None),
        6,
    ),
    "slots only": (gated(TimeSlotVector=None), 6),
    "pointer too": (
        gated(
            RRIntervalVector=None,
            TimeSlotVector=None,
            SliceVector=None,
            FrameIncrementPointer=None,
        ),
        6,
    ),
    "windows": (windows(EnergyWindowVector=None, SliceVector=None), 2),
    "windows, pointer to slices only": (
        windows(EnergyWindowVector=None, SliceVector=None, FrameIncrementPointer=0x00540080),
        2,
    ),
    "windows, slices numbered": (windows(EnergyWindowVector=None), 2),
    "number of slices": (windows(NumberOfSlices=None, SliceVector=None), 2),
}


@pytest.mark.parametrize(("data", "count"), MISSING.values(), ids=MISSING.keys())
def test_counts_explain_the_frames_where_vectors_are_missing(
    tmp_path: Path, data: Dataset, count: int
) -> None:
    parts = parts_of(tmp_path, data)
    assert len(parts) == count
    for number, part in enumerate(parts, start=1):
        np.testing.assert_array_equal(read_volume(part).values, letter_f() * float(number))


def test_the_pointer_says_what_varies_fastest(tmp_path: Path) -> None:
    """Slices outermost, windows innermost: frames alternate between the windows."""
    frames = stack(2).reshape(2, SLICES, 7, 6).swapaxes(0, 1).reshape(-1, 7, 6)
    data = windows(
        EnergyWindowVector=None, SliceVector=None, FrameIncrementPointer=[0x00540080, 0x00540010]
    )
    data.PixelData = np.ascontiguousarray(frames).tobytes()
    first, second = parts_of(tmp_path, data)
    assert first.frames == (0, 2, 4, 6, 8)
    np.testing.assert_array_equal(read_volume(second).values, letter_f() * 2.0)


@pytest.mark.parametrize("spacing", [4.0, -4.0])
@pytest.mark.parametrize("order", [[5, 4, 3, 2, 1], [3, 1, 2, 5, 4], [0, 1, 2, 3, 4]])
def test_every_part_lies_where_its_slice_numbers_say(
    tmp_path: Path, order: list[int], spacing: float
) -> None:
    """Against C.8.4.15 written out; windows interleaved, slices in a strange order."""
    by_slice = [number for number in order for _ in (1, 2)]
    frames = stack(2).reshape(2, SLICES, 7, 6).swapaxes(0, 1).reshape(-1, 7, 6)
    data = windows(
        EnergyWindowVector=[1, 2] * SLICES, SliceVector=by_slice, SpacingBetweenSlices=spacing
    )
    data.PixelData = np.ascontiguousarray(frames).tobytes()
    for number, part in enumerate(parts_of(tmp_path, data), start=1):
        volume = read_volume(part)
        for stored in range(SLICES):
            height = (order[stored] - order[0]) * spacing
            place = POSITION + np.array([2 * 2.0, 3 * 3.0, height])
            index = tuple(int(v) for v in np.rint(volume.grid.to_index(place)))
            np.testing.assert_allclose(volume.grid.to_mm(index), place, atol=1e-9)
            assert volume.values[index] == number * letter_f()[stored, 3, 2]


def test_a_part_stored_the_other_way_round_lies_in_the_same_place(tmp_path: Path) -> None:
    """The second window counts its slices down; the stated position is the first frame's."""
    data = windows(SliceVector=[1, 2, 3, 4, 5, 5, 4, 3, 2, 1])
    first, second = (read_volume(part) for part in parts_of(tmp_path, data))
    top = first.grid.to_mm((4, 0, 0))
    np.testing.assert_allclose(second.grid.to_mm((0, 0, 0)), top)
    np.testing.assert_allclose(top, POSITION + np.array([0.0, 0.0, 16.0]))


UNTOLD: dict[str, dict[str, object]] = {
    "uneven": {"EnergyWindowVector": [1] * 4 + [2] * 6},
    "other slices in each": {"SliceVector": list(range(1, 11))},
    "a slice twice": {"SliceVector": [1, 1, 2, 3, 4] * 2},
    "counts that do not fit": {
        "EnergyWindowVector": None,
        "SliceVector": None,
        "NumberOfEnergyWindows": 3,
    },
    "two counts that fit": {
        "EnergyWindowVector": None,
        "SliceVector": None,
        "FrameIncrementPointer": None,
        "NumberOfDetectors": 2,
    },
    "vectors against counts": {"EnergyWindowVector": [1, 1, 1, 1, 2] * 2},
}


@pytest.mark.parametrize("changes", UNTOLD.values(), ids=UNTOLD.keys())
def test_volumes_that_cannot_be_told_apart_are_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    (series,) = parts_of(tmp_path, windows(**changes))
    assert not series.part
    with pytest.raises(ReadError) as error:
        read_volume(series)
    assert error.value.code == "NM_MULTI"


def test_projections_are_not_split(tmp_path: Path) -> None:
    data = windows(ImageType=["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"])
    (series,) = parts_of(tmp_path, data)
    assert split_nm(series) == (series,)


def test_a_gated_object_with_one_volume_is_read_and_flagged(tmp_path: Path) -> None:
    volume = measured(tmp_path, nm(ImageType=GATED))
    np.testing.assert_array_equal(volume.values, letter_f())
    assert "one volume" in details(volume, "NM_MULTI")[0]


def test_single_frame_files_of_gates_are_grouped_by_their_vectors(tmp_path: Path) -> None:
    for gate in (1, 2):
        for number, frame in enumerate(letter_f()):
            data = nm(
                frame[None] * gate,
                ImageType=GATED,
                NumberOfFrames=None,
                SliceVector=None,
                TimeSlotVector=gate,
                position=(-10.0, -20.0, 30.0 + 4.0 * number),
                SOPInstanceUID=f"1.2.3.{gate}.{number}",
            )
            save(data, tmp_path / f"{gate}{9 - number}.dcm")
    study = only_study(tmp_path)
    assert [(one.part, len(one.files)) for one in study.series] == [
        ("gate 1 of 2", 5),
        ("gate 2 of 2", 5),
    ]
    emission = select(study).emission
    assert emission is not None
    volume = read_volume(emission)
    np.testing.assert_array_equal(volume.values, letter_f() * 3.0)
    assert volume.provenance.facts["part"] == "all 2 gates"
    emission = select(study, EmissionSettings(gates=2)).emission
    assert emission is not None
    np.testing.assert_array_equal(read_volume(emission).values, letter_f() * 2.0)
    emission = select(study, EmissionSettings(gates="only")).emission
    assert emission is not None
    with pytest.raises(ReadError, match="gates = 1"):
        read_volume(emission)


# The protocol's pick


def test_gates_are_summed_by_default_and_the_record_says_how_many(tmp_path: Path) -> None:
    volume = measured(tmp_path, gated())
    np.testing.assert_array_equal(volume.values, letter_f() * 21.0)
    assert volume.unit is Unit.RELATIVE
    assert volume.provenance.facts["part"] == "all 2 R-R intervals, all 3 time slots"
    assert volume.provenance.facts["combined"] == "sum of 6 volumes"
    assert details(volume, "NM_MULTI") == [
        "all 2 R-R intervals, all 3 time slots: sum of 6 volumes"
    ]


def mapping(unit: str, slope: float) -> list[Dataset]:
    return [
        item(
            RealWorldValueFirstValueMapped=0,
            RealWorldValueLastValueMapped=65535,
            RealWorldValueSlope=slope,
            RealWorldValueIntercept=0.0,
            MeasurementUnitsCodeSequence=[
                item(CodeValue=unit, CodingSchemeDesignator="UCUM", CodeMeaning=unit)
            ],
        )
    ]


@pytest.mark.parametrize(
    ("unit", "expected", "how"),
    [("{counts}", 10.0, "sum of 4"), ("Bq/ml", 2.5, "mean of 4"), ("g/ml{SUVbw}", 2.5, "mean of")],
)
def test_counts_add_up_and_concentrations_are_averaged(
    tmp_path: Path, unit: str, expected: float, how: str
) -> None:
    data = gated(1, 4, RealWorldValueMappingSequence=mapping(unit, 0.5))
    volume = measured(tmp_path, data)
    np.testing.assert_allclose(volume.values, 0.5 * expected * letter_f(), rtol=1e-6)
    assert how in volume.provenance.facts["combined"]


def test_a_sum_does_not_overflow_its_stored_type(tmp_path: Path) -> None:
    """8 gates of 16 bits near the ceiling, and a rescale that each gate bears."""
    stored = np.full((8 * SLICES, 7, 6), 65535, dtype=np.uint16)
    stored[:, 0, 0] = 0
    data = gated(1, 8, RescaleSlope="2", RescaleIntercept="1")
    data.PixelData = stored.tobytes()
    volume = measured(tmp_path, data)
    assert volume.values.max() == 8 * (2 * 65535 + 1)
    assert volume.values.min() == 8.0


def test_a_sum_is_made_in_float64(tmp_path: Path) -> None:
    """2**24 and eight ones: in float32 every one of them is lost."""
    stored = np.ones((9 * SLICES, 7, 6), dtype=np.int32)
    stored[:SLICES] = 2**24
    by_slot, by_slice = counting(9, SLICES)
    data = nm(
        stored,
        ImageType=GATED,
        FrameIncrementPointer=[0x00540060, 0x00540070, 0x00540080],
        TimeSlotVector=by_slot,
        SliceVector=by_slice,
    )
    assert (measured(tmp_path, data).values == 2**24 + 8).all()


def test_a_gate_can_be_picked(tmp_path: Path) -> None:
    volume = measured(tmp_path, gated(1, 8), gates=3)
    np.testing.assert_array_equal(volume.values, letter_f() * 3.0)
    assert volume.provenance.facts["part"] == "gate 3 of 8"


def test_a_slot_can_be_picked_and_the_intervals_summed(tmp_path: Path) -> None:
    volume = measured(tmp_path, gated(2, 3), gates=2)
    np.testing.assert_array_equal(volume.values, letter_f() * (2.0 + 5.0))
    assert volume.provenance.facts["part"] == "all 2 R-R intervals, time slot 2 of 3"


def test_energy_windows_are_never_summed_unasked(tmp_path: Path) -> None:
    save(windows(), tmp_path / "a.dcm")
    selection = select(only_study(tmp_path))
    assert selection.emission is not None
    with pytest.raises(ReadError) as error:
        read_volume(selection.emission)
    assert error.value.code == "NM_MULTI"
    assert "I-131 peak" in error.value.found
    assert "I-131 scatter" in error.value.found
    assert "energy_window = 1" in error.value.next_step
    assert [one.part for one in selection.candidates] == [
        "",
        "energy window 1 of 2 (I-131 peak)",
        "energy window 2 of 2 (I-131 scatter)",
    ]


def test_an_energy_window_is_picked_with_its_own_limits(tmp_path: Path) -> None:
    volume = measured(tmp_path, windows(), energy_window=2)
    np.testing.assert_array_equal(volume.values, letter_f() * 2.0)
    assert volume.provenance.facts["EnergyWindowName"] == "I-131 scatter"
    assert volume.provenance.facts["EnergyWindowKeV"] == "250-300"


def test_energy_windows_are_summed_when_asked(tmp_path: Path) -> None:
    volume = measured(tmp_path, windows(), energy_window="sum")
    np.testing.assert_array_equal(volume.values, letter_f() * 3.0)
    assert volume.provenance.facts["EnergyWindowKeV"] == "328-400, 250-300"


def test_a_window_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as error:
        measured(tmp_path, windows(), energy_window=3)
    assert error.value.code == "NM_MULTI"


def test_a_pick_does_not_apply_where_there_is_one_volume(tmp_path: Path) -> None:
    volume = measured(tmp_path, nm(), energy_window=2, gates=7)
    np.testing.assert_array_equal(volume.values, letter_f())
    assert not details(volume, "NM_MULTI")


def test_windows_and_gates_together_need_the_window_only(tmp_path: Path) -> None:
    by_window, by_slot, by_slice = counting(2, 3, SLICES)
    data = gated(
        2,
        3,
        RRIntervalVector=None,
        NumberOfRRIntervals=None,
        FrameIncrementPointer=[0x00540010, 0x00540070, 0x00540080],
        EnergyWindowVector=by_window,
        TimeSlotVector=by_slot,
        SliceVector=by_slice,
        EnergyWindowInformationSequence=WINDOWS,
    )
    volume = measured(tmp_path, data, energy_window=2)
    np.testing.assert_array_equal(volume.values, letter_f() * (4.0 + 5.0 + 6.0))
    assert volume.provenance.facts["part"] == "energy window 2 of 2 (I-131 scatter), all 3 gates"


def test_every_volume_is_a_candidate_with_its_part(tmp_path: Path) -> None:
    save(gated(1, 4), tmp_path / "a.dcm")
    candidates = select(only_study(tmp_path), EmissionSettings(gates=3)).candidates
    assert {one.part: one.chosen for one in candidates} == {
        "gate 1 of 4": False,
        "gate 2 of 4": False,
        "gate 3 of 4": True,
        "gate 4 of 4": False,
    }
    assert all("emission.gates = 3" in one.reasons[0] for one in candidates if not one.chosen)


def test_a_refused_object_beside_a_plain_one_is_not_passed_over_in_silence(
    tmp_path: Path,
) -> None:
    save(windows(SeriesInstanceUID="1.2.3", SOPInstanceUID="1.2.3.1"), tmp_path / "a.dcm")
    save(nm(CorrectedImage=["UNIF"]), tmp_path / "b.dcm")
    selection = select(only_study(tmp_path))
    assert selection.emission is not None
    assert selection.emission.files[0].path.name == "b.dcm"
    (flag,) = [flag for flag in selection.flags if flag.code == "NM_MULTI"]
    assert "energy_window = 1" in flag.detail


def detectors(*positions: tuple[float, float, float], **changes: object) -> Dataset:
    by_detector, by_slice = counting(2, SLICES)
    items = [
        item(ImagePositionPatient=list(place), ImageOrientationPatient=list(AXIAL))
        for place in positions
    ]
    base: dict[str, object] = {
        "FrameIncrementPointer": [0x00540020, 0x00540080],
        "NumberOfDetectors": 2,
        "NumberOfSlices": SLICES,
        "DetectorVector": by_detector,
        "SliceVector": by_slice,
        "DetectorInformationSequence": items,
    }
    return nm(stack(2), **(base | changes))


def test_each_detector_has_its_own_place(tmp_path: Path) -> None:
    """Readers that take the first detector item put the second volume 50 mm off."""
    places = ((-10.0, -20.0, 30.0), (40.0, -20.0, 30.0))
    for part, place in zip(parts_of(tmp_path, detectors(*places)), places, strict=True):
        np.testing.assert_allclose(place_volume(part).grid.to_mm((0, 0, 0)), place)


def test_detectors_in_different_places_are_never_summed(tmp_path: Path) -> None:
    data = detectors((-10.0, -20.0, 30.0), (40.0, -20.0, 30.0))
    with pytest.raises(ReadError) as error:
        measured(tmp_path / "apart", data, detector="sum")
    assert error.value.code == "NM_MULTI"
    assert "different places" in str(error.value)
    same = detectors((-10.0, -20.0, 30.0), (-10.0, -20.0, 30.0))
    np.testing.assert_array_equal(
        measured(tmp_path / "same", same, detector="sum").values, letter_f() * 3.0
    )


@pytest.mark.parametrize("frames", [0, -3, 10**9, 2**31])
def test_absurd_numbers_of_frames_cost_their_object_only(tmp_path: Path, frames: int) -> None:
    save(nm(NumberOfFrames=frames, SliceVector=None), tmp_path / "a.dcm")
    (series,) = only_study(tmp_path).by_modality("NM")
    with pytest.raises(ReadError) as error:
        read_volume(series)
    assert error.value.code == "DECODE"


def test_two_tracers_at_once_are_told_apart_by_the_window_or_not_at_all(tmp_path: Path) -> None:
    agents = [item(Radiopharmaceutical="Tc99m-tetrofosmin"), item(Radiopharmaceutical="I123-BMIPP")]
    named = [item(EnergyWindowName="Tc-99m"), item(EnergyWindowName="I-123")]
    data = windows(
        RadiopharmaceuticalInformationSequence=agents, EnergyWindowInformationSequence=named
    )
    volume = measured(tmp_path / "named", data, energy_window=2)
    assert volume.provenance.facts["Radionuclide"] == "I-123"
    assert volume.provenance.facts["radionuclide_source"] == "EnergyWindowName"
    data.EnergyWindowInformationSequence = [item(EnergyWindowName="A"), item(EnergyWindowName="B")]
    volume = measured(tmp_path / "nameless", data, energy_window=2)
    assert "Radionuclide" not in volume.provenance.facts


# Through the pipeline


def record_of(folder: Path, data: Dataset, toml: str = "") -> StudyRecord:
    (folder / "own.toml").parent.mkdir(parents=True, exist_ok=True)
    (folder / "own.toml").write_text(f'extends = "zhou2025"\n[emission]\n{toml}\n')
    save(data, folder / "files" / "a.dcm")
    study = only_study(folder / "files")
    return measure_study(study, load_protocol(folder / "own.toml")).record


def test_the_record_names_the_part_that_was_measured(tmp_path: Path) -> None:
    picked = record_of(tmp_path / "picked", gated(1, 4), "gates = 3")
    assert picked.facts["part"] == "gate 3 of 4"
    assert {one.part for one in picked.candidates} == {f"gate {n} of 4" for n in range(1, 5)}
    summed = record_of(tmp_path / "summed", gated(1, 4))
    assert summed.facts["combined"] == "sum of 4 volumes"
    assert "NM_MULTI" in {flag.code for flag in summed.flags}


def test_a_study_of_two_windows_fails_with_the_setting_to_write(tmp_path: Path) -> None:
    record = record_of(tmp_path / "unasked", windows())
    assert record.status == "failed"
    assert record.quarantine[-1].code == "NM_MULTI"
    assert "energy_window = 1" in record.quarantine[-1].message
    record = record_of(tmp_path / "asked", windows(), "energy_window = 1")
    assert record.facts["part"] == "energy window 1 of 2 (I-131 peak)"
    assert "NM_MULTI" not in {entry.code for entry in record.quarantine}


@pytest.mark.parametrize("setting", ["gates = 0", 'gates = "mean"', "gates = true", "gate = 1"])
def test_settings_without_sense_are_refused_by_name(tmp_path: Path, setting: str) -> None:
    with pytest.raises(ProtocolError, match="emission"):
        record_of(tmp_path, gated(1, 4), setting)


def test_the_settings_are_printed_with_their_source() -> None:
    rows = {name: (value, said) for name, value, said, _ in settings_of(load_protocol("zhou2025"))}
    assert rows["emission.gates"][0] == "sum"
    assert rows["emission.energy_window"][0] == "only"
    assert all(said for name, (_, said) in rows.items() if name.startswith("emission."))
