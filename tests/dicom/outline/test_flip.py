"""Flip suspicion: a mirrored emission volume is named, a rightly stored one never is.

The body is the real one that comes with the package (CT and label map of a torso), with simulated
uptake: blurred, noisy, in several fields of view, storage orders and misregistrations.
"""

import dataclasses
import shutil
import tempfile
import warnings
from collections.abc import Callable
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from quant.dicom.outline.body import MOST_SLICES, Outline, outline_of, pixel_steps
from quant.dicom.outline.flip import Mirror, best_dice, flip_flags, suspect
from quant.dicom.pairing import select
from quant.dicom.pixels.stored import PixelReader
from quant.dicom.volumes import read_volume
from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.study import FileEntry
from quant.phantom.anatomy import Torso, read_torso
from quant.phantom.bodies.blur import resample_blurred
from quant.phantom.torso import PSF_FWHM_MM, UPTAKE, painted, spect_grid
from quant.phantom.writing.header import Identity, SeriesLabel
from quant.phantom.writing.nm import NMSettings, nm_dataset
from quant.phantom.writing.slices import write_ct
from tests.support.dicom_builder import changed, save
from tests.support.reading import only_study
from tests.support.reference import reference_dir

Array = NDArray[np.float64]

IDENTITY = Identity(11, "flip")
SLICES = 77


@lru_cache
def torso() -> Torso:
    """Return the torso at half its in-plane resolution: files are written faster."""
    whole = read_torso(IDENTITY.frame_of_reference_uid)
    affine = whole.grid.affine.copy()
    affine[:3, 1:3] *= 2.0
    hu, labels = whole.hu[:, ::2, ::2], whole.labels[:, ::2, ::2]
    grid = Grid((hu.shape[0], hu.shape[1], hu.shape[2]), affine, whole.grid.frame_of_reference_uid)
    return Torso(grid, hu, labels, whole.values)


@lru_cache
def expected() -> Array:
    """Return expected counts on the SPECT grid, slices from head to feet."""
    return np.maximum(
        2.0 * resample_blurred(painted(torso()), torso().grid, grid(), PSF_FWHM_MM), 0
    )


@lru_cache
def grid() -> Grid:
    return spect_grid(torso().grid)


@lru_cache
def outline(low: int = 0, high: int = 112) -> Outline:
    """Return the CT's outline from a slice to another, every 9 mm."""
    rows, columns = pixel_steps(torso().grid)
    chosen = np.arange(low, high, 3)
    hu = torso().hu[chosen][:, ::rows, ::columns].astype(np.float32)
    return outline_of(hu, firsts(torso().grid, chosen), torso().grid)


def firsts(place: Grid, slices: NDArray[np.intp]) -> Array:
    """Return the first pixel of slices of a grid, LPS mm."""
    return place.to_mm([(k, 0, 0) for k in slices])


def noisy(counts: Array, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).poisson(counts).astype(np.float32)


def moved(by: Array) -> Grid:
    affine = grid().affine.copy()
    affine[:3, 3] += by
    return Grid(grid().shape, affine, grid().frame_of_reference_uid)


def faint_body(counts: Array) -> Array:
    """Hot organs keep their counts, everything below the liver's gets an eighth."""
    return np.where(counts < UPTAKE["liver"], counts / 8.0, counts)


VARIANTS: dict[str, Callable[[Array], Array]] = {
    "plain": lambda counts: counts,
    "a tenth of the counts": lambda counts: counts / 10.0,
    "a hundredth": lambda counts: counts / 100.0,
    "faint body": faint_body,
    "halo": lambda counts: counts + 3.0,
}

CASES = tuple(product(VARIANTS, ("together", "moved"), range(6)))
"""60 cases; each is looked at as it is and mirrored along three axes."""


def judged(case: tuple[str, str, int], axis: int | None) -> int | None:
    """Return the axis along which a case is suspected, mirrored as asked."""
    name, place, seed = case
    values = noisy(VARIANTS[name](expected()), seed)
    if axis is not None:
        values = np.ascontiguousarray(np.flip(values, axis))
    by = np.random.default_rng(seed).normal(0.0, 12.0, 3) if place == "moved" else np.zeros(3)
    found = suspect(values, moved(by), outline())
    return None if found is None else found.mirror.axis


def test_no_rightly_stored_volume_of_sixty_is_suspected() -> None:
    assert [judged(case, None) for case in CASES] == [None] * len(CASES)


def test_volumes_that_stand_on_their_head_are_found() -> None:
    """Of this body with whole fields of view none is missed; a fifth of the cases, for time."""
    some = CASES[::5]
    assert [judged(case, 0) for case in some] == [0] * len(some)


def test_mirrored_front_to_back_is_found_and_left_to_right_is_never_claimed() -> None:
    """A torso is nearly symmetric: its outline is no evidence for left and right."""
    some = CASES[::15]
    assert [judged(case, 1) for case in some] == [1] * len(some)
    assert [judged(case, 2) for case in some] == [None] * len(some)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("first", "last"), [(0, 38), (38, 77), (20, 60)])
def test_a_part_of_the_body_is_no_false_alarm(first: int, last: int, seed: int) -> None:
    """Chest only, abdomen and pelvis only, the middle only; mirrored, never another axis."""
    part = grid().cropped((first, 0, 0), (last - first, 96, 96))
    values = noisy(expected(), seed)[first:last]
    assert suspect(values, part, outline()) is None
    turned = suspect(values[::-1], part, outline())
    assert turned is None or turned.mirror.axis == 0


@pytest.mark.parametrize("shape", ["head", "cylinder"])
def test_symmetrical_bodies_are_never_suspected(shape: str) -> None:
    """An ellipsoid head and an elliptic cylinder look the same both ways up."""
    where = np.stack(np.meshgrid(*[np.arange(-60.0, 61.0, 2.0)] * 3, indexing="ij"), axis=-1) * 2.0
    scaled = where / np.array([120.0, 95.0, 75.0])
    if shape == "cylinder":
        scaled[..., 0] = 0.0
    inside = (scaled**2).sum(axis=-1) < 1.0
    affine = np.eye(4)[:, [2, 1, 0, 3]] * 4.0
    affine[3, 3] = 1.0
    place = Grid((61, 61, 61), affine)
    hot = inside * 20.0 + 500.0 * (((where - [50.0, 20.0, 30.0]) ** 2).sum(axis=-1) < 900.0)
    hu = np.where(inside, 40.0, -1000.0).astype(np.float32)
    seen = outline_of(hu[::2], firsts(place, np.arange(0, 61, 2)), place)
    for seed in range(5):
        values = noisy(hot, seed)
        for turned in (values, values[::-1], values[:, ::-1], values[:, :, ::-1]):
            assert suspect(np.ascontiguousarray(turned), place, seen) is None


@pytest.mark.parametrize(("low", "high"), [(0, 60), (50, 112), (40, 70)])
def test_a_ct_of_a_part_of_the_emission_volume_is_no_evidence(low: int, high: int) -> None:
    for values in (noisy(expected(), 1), noisy(expected(), 1)[::-1]):
        assert suspect(np.ascontiguousarray(values), grid(), outline(low, high)) is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("upper", [True, False])
def test_the_ct_of_another_bed_is_no_evidence(upper: bool, seed: int) -> None:  # noqa: FBT001
    """Two beds, CT of one: with the other sign the volume would just lie in that CT."""
    values = noisy(expected(), seed)
    part = slice(0, 38) if upper else slice(38, 77)
    start = part.start
    place = grid().cropped((start, 0, 0), (part.stop - start, 96, 96))
    other = outline(0, 56) if upper else outline(56, 112)
    anchor = Mirror(0, float(part.stop - start - 1) if upper else 0.0)
    assert suspect(values[part], place, other, (anchor,)) is None


def test_the_best_threshold_gives_the_exact_overlap() -> None:
    body = np.array([True, True, False, True, False])
    values = np.array([9.0, 5.0, 1.0, 5.0, 0.0], dtype=np.float32)
    assert best_dice(values, body) == 1.0
    # values >= 5: 2 of 2 body voxels and one beside, 2 * 2 / (3 + 2); other thresholds are worse
    two = np.array([True, True, False, False, False])
    assert best_dice(np.array([9.0, 5.0, 5.0, 0.0, 0.0], np.float32), two) == pytest.approx(0.8)
    # all equal: one threshold only, everything: 2 * 3 / (5 + 3)
    assert best_dice(np.ones(5, np.float32), body) == pytest.approx(6 / 8)
    assert best_dice(values, np.zeros(5, dtype=np.bool_)) == 0.0


def test_the_outline_fills_lungs_and_leaves_out_a_hollow_table() -> None:
    hu = np.full((3, 60, 60), -1000.0, dtype=np.float32)
    hu[:, 10:40, 10:50] = 40.0
    hu[:, 18:30, 18:40] = -800.0  # lung
    hu[:, 46:52, 5:55] = 100.0  # the table's shell ...
    hu[:, 47:51, 6:54] = -900.0  # ... and its foam
    affine = np.eye(4)[:, [2, 1, 0, 3]] * 4.0
    affine[3, 3] = 1.0
    place = Grid((3, 60, 60), affine)
    seen = outline_of(hu, firsts(place, np.arange(3)), place)
    expected_body = np.zeros((3, 30, 30), dtype=np.bool_)
    expected_body[:, 5:20, 5:25] = True
    np.testing.assert_array_equal(seen.body, expected_body)
    np.testing.assert_allclose(seen.points_mm[2, 1, 3], [3 * 8 + 2, 1 * 8 + 2, 2 * 4])


# From files, through the doors that measuring uses.


@lru_cache
def ct_files(degrees: float) -> tuple[Dataset, ...]:
    """Return the CT's files, every second slice, turned about the patient's left-right axis."""
    whole = torso().grid
    affine = turned_by(degrees, whole).affine.copy()
    affine[:3, 0] *= 2.0
    hu = torso().hu[::2]
    place = Grid((hu.shape[0], hu.shape[1], hu.shape[2]), affine, whole.frame_of_reference_uid)
    with tempfile.TemporaryDirectory() as folder:
        series = write_ct(Path(folder), hu, place, IDENTITY, SeriesLabel("ct", "CT", 2))
        return tuple(pydicom.dcmread(path) for path in series.paths)


def written(
    folder: Path, values: Array, place: Grid, degrees: float = 0.0, **changes: object
) -> None:
    """Write an NM volume (``changes`` spoil its header) and the CT."""
    settings = NMSettings(SeriesLabel("spect", "SPECT", 1))
    data = changed(nm_dataset(values, place, IDENTITY, settings), **changes)
    save(data, folder / "nm.dcm")
    for number, one in enumerate(ct_files(degrees)):
        save(one, folder / "ct" / f"{number:03d}.dcm")


def flags_of(folder: Path) -> tuple[Flag, ...]:
    study = only_study(folder)
    selection = select(study)
    assert selection.emission is not None
    return flip_flags(study, selection, read_volume(selection.emission))


def turned_by(degrees: float, one: Grid) -> Grid:
    """Turn a grid about the patient's left-right axis."""
    angle = np.radians(degrees)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return Grid(one.shape, turn @ one.affine, one.frame_of_reference_uid)


@pytest.mark.parametrize("degrees", [0.0, 12.0])
@pytest.mark.parametrize("order", ["head to feet", "feet to head"])
def test_frames_in_the_wrong_order_are_suspected_in_every_storage(
    tmp_path: Path, order: str, degrees: float
) -> None:
    """Also oblique: SPECT and CT turned together."""
    values, place = noisy(expected(), 2).astype(np.float64), grid()
    if order == "feet to head":
        values = values[::-1]
        affine = place.affine.copy()
        affine[:3, 3] = place.to_mm((SLICES - 1, 0, 0))
        affine[:3, 0] *= -1.0
        place = Grid(place.shape, affine, place.frame_of_reference_uid)
    place = turned_by(degrees, place)
    written(tmp_path / "right", values, place, degrees)
    written(tmp_path / "wrong", values[::-1], place, degrees)
    assert flags_of(tmp_path / "right") == ()
    (flag,) = flags_of(tmp_path / "wrong")
    assert flag.code == "NM_FLIP_SUSPECT"
    assert "along its slices" in flag.detail
    assert "head and feet exchanged" in flag.detail


@pytest.mark.parametrize("seed", range(3))
def test_the_wrong_sign_of_spacing_between_slices_is_suspected(tmp_path: Path, seed: int) -> None:
    """The box moves away from the CT, too: the CT of its own frame is looked at all the same."""
    values = noisy(expected(), seed).astype(np.float64)
    written(tmp_path, values, grid(), SpacingBetweenSlices=4.41806)
    study = only_study(tmp_path)
    assert select(study).ct is None
    (flag,) = flags_of(tmp_path)
    assert "other sign of SpacingBetweenSlices" in flag.detail


def test_a_sagittal_stack_names_rows_not_slices(tmp_path: Path) -> None:
    """Slices run to the left, rows to the head: upside down is a mirror along the rows."""
    values = noisy(expected(), 4).astype(np.float64).transpose(2, 0, 1)
    affine = grid().affine[:, [2, 0, 1, 3]]
    # image rows and columns must be right-handed with the slices: SpacingBetweenSlices tells
    place = Grid((96, SLICES, 96), affine, grid().frame_of_reference_uid)
    written(tmp_path / "right", values, place)
    written(tmp_path / "wrong", values[:, ::-1], place)
    assert flags_of(tmp_path / "right") == ()
    (flag,) = flags_of(tmp_path / "wrong")
    assert "along its rows" in flag.detail
    assert "head and feet exchanged" in flag.detail


@pytest.mark.parametrize("kind", ["gap", "multi-frame"])
def test_a_ct_that_is_resampled_or_in_one_file_is_looked_at_too(tmp_path: Path, kind: str) -> None:
    """Slices count where they lie: one left out, or all of them frames of one object."""
    written(tmp_path, noisy(expected(), 7).astype(np.float64)[::-1], grid())
    if kind == "gap":
        (tmp_path / "ct" / "020.dcm").unlink()
    else:
        shutil.rmtree(tmp_path / "ct")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = LegacyConvertedEnhancedCTImage(
                list(ct_files(0.0)), generate_uid(), 3, generate_uid(), 1
            )
            one.save_as(tmp_path / "ct.dcm")
    assert select(only_study(tmp_path)).ct is not None
    (flag,) = flags_of(tmp_path)
    assert "head and feet exchanged" in flag.detail


@pytest.mark.parametrize("trouble", ["gone", "cut short"])
def test_trouble_with_the_ct_is_no_flag_and_no_error(tmp_path: Path, trouble: str) -> None:
    written(tmp_path, noisy(expected(), 5).astype(np.float64)[::-1], grid())
    study = only_study(tmp_path)
    selection = select(study)
    assert selection.emission is not None
    volume = read_volume(selection.emission)
    assert flip_flags(study, selection, volume)
    for path in (tmp_path / "ct").iterdir():
        if trouble == "gone":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-200])
    assert flip_flags(study, selection, volume) == ()


def test_a_study_without_ct_or_emission_volume_has_nothing_to_compare(tmp_path: Path) -> None:
    written(tmp_path, noisy(expected(), 5).astype(np.float64)[::-1], grid())
    study = only_study(tmp_path)
    selection = select(study)
    assert selection.emission is not None
    volume = read_volume(selection.emission)
    assert flip_flags(study, dataclasses.replace(selection, emission=None), volume) == ()
    alone = dataclasses.replace(study, series=study.by_modality("NM"))
    assert flip_flags(alone, select(alone), volume) == ()


def test_few_slices_of_the_ct_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[FileEntry] = []

    class Counting(PixelReader):
        def read(self, entry: FileEntry) -> NDArray[np.generic]:
            seen.append(entry)
            return super().read(entry)

    monkeypatch.setattr("quant.dicom.outline.body.PixelReader", Counting)
    written(tmp_path, noisy(expected(), 6).astype(np.float64), grid())
    flags_of(tmp_path)
    assert 30 <= len(seen) <= MOST_SLICES < len(ct_files(0.0))


@pytest.mark.reference
@pytest.mark.parametrize("seed", range(4))
def test_another_real_body_is_judged_rightly(seed: int) -> None:
    """CT of a 177Lu-DOTATATE patient; uniform uptake with hot kidneys, spleen and tumours."""
    folder = reference_dir("lu177_dotatate_labels")
    raw = np.fromfile(folder / "patient15_LuDOTATATE_src.i33", dtype="<u2").reshape(90, 70, 108)
    raw = raw[:, ::-1].astype(np.float64)  # the authors flipped y
    hu = np.where(raw < 3000, raw - 1000.0, np.where(raw == 3000, 100.0, 40.0))
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = 4.4196, 3.9063, 3.9063, 1.0
    place = Grid((90, 70, 108), affine)
    chosen = np.arange(0, 90, 2)
    seen = outline_of(hu[chosen].astype(np.float32), firsts(place, chosen), place)
    full = outline_of(hu.astype(np.float32), firsts(place, np.arange(90)), place)
    inside = np.repeat(np.repeat(full.body, 2, axis=1), 2, axis=2)
    uptake = np.where(inside & (hu < -300.0), 2.0, inside * 6.0) + np.where(raw > 3000, 100.0, 0.0)
    counts = resample_blurred(uptake, place, place, 12.0)
    values = noisy(np.maximum(counts, 0.0) + 0.05, seed)
    assert suspect(values, place, seen) is None
    found = suspect(np.ascontiguousarray(values[::-1]), place, seen)
    assert found is not None
    assert found.mirror.axis == 0
