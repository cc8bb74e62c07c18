"""Goal 17: regions and values at the end of what can be: every value is a number or has a code."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.dicom.index import index_tree
from quant.domain.flags import CODES
from quant.domain.measurement import Measurement
from quant.domain.record import LESION_ROLES, Status, StudyRecord
from quant.pipeline.protocols import load_protocol
from quant.pipeline.study import measure_study
from quant.report.columns import LESION_COLUMNS, STUDY_COLUMNS
from tests.soak.figures import Figure, figure
from tests.support.fuzzing import FAST, in_memory
from tests.support.seeds import SHAPE, boxes, emission, file_bytes, segments, uptake, write_study

Values = NDArray[np.float32]
Mask = NDArray[np.uint8]
USUAL = (slice(3, 7), slice(2, 6), slice(11, 15))


def _mask(*places: Any) -> Mask:  # noqa: ANN401 - indices of any kind
    mask = np.zeros(SHAPE, dtype=np.uint8)
    for place in places:
        mask[place] = 1
    return mask


def _hollow() -> Mask:
    mask = _mask((slice(2, 8), slice(1, 7), slice(9, 15)))
    mask[4:6, 3:5, 11:13] = 0
    return mask


def _chequered() -> Mask:
    odd: Mask = (np.indices(SHAPE).sum(axis=0) % 2).astype(np.uint8)
    return odd * _mask(USUAL)


REGIONS: dict[str, Callable[[], Mask]] = {
    "usual": lambda: _mask(USUAL),
    "empty": _mask,
    "one voxel": lambda: _mask((5, 4, 12)),
    "a corner voxel": lambda: _mask((0, 0, 0)),
    "the last voxel": lambda: _mask((-1, -1, -1)),
    "two voxels by a corner": lambda: _mask((5, 4, 12), (6, 5, 13)),
    "a row": lambda: _mask((5, 4, slice(None))),
    "a slice": lambda: _mask((5,)),
    "the whole volume": lambda: _mask(...),
    "three parts": lambda: _mask((1, 1, 1), (5, 4, 12), (10, 14, 14)),
    "a hollow": _hollow,
    "a chequerboard": _chequered,
    "over the liver": lambda: boxes()["liver"],
    "all but one voxel": lambda: 1 - _mask((5, 4, 12)),
    "a border layer": lambda: _mask((0,), (-1,)),
}


def _usual() -> Values:
    return uptake().astype(np.float32)


def _where(name: str, value: float) -> Values:
    values = _usual()
    values[boxes()[name] > 0] = value
    return values


def _one(value: float, place: tuple[int, int, int] = (5, 4, 12)) -> Values:
    values = _usual()
    values[place] = value
    return values


VALUES: dict[str, Callable[[], Values]] = {
    "usual": _usual,
    "zero": lambda: np.zeros(SHAPE, np.float32),
    "one everywhere": lambda: np.ones(SHAPE, np.float32),
    "negative": lambda: -_usual(),
    "a hot voxel": lambda: _one(1e9),
    "a cold voxel": lambda: _one(-1e9),
    "no number": lambda: _one(float("nan")),
    "infinite": lambda: _one(float("inf")),
    "minus infinite": lambda: _one(float("-inf"), (0, 0, 0)),
    "large": lambda: _usual() * np.float32(1e25),
    "small": lambda: _usual() * np.float32(1e-30),
    "denormal": lambda: _usual() * np.float32(1e-43),
    "signs in turn": lambda: _usual() * (-1.0) ** np.indices(SHAPE).sum(axis=0).astype(np.float32),
    "no liver": lambda: _where("liver", 0.0),
    "a negative liver": lambda: _where("liver", -5.0),
    "no left muscle": lambda: _where("autochthon_left", 0.0),
    "the largest float": lambda: _one(float(np.finfo(np.float32).max)),
}

ORGANS: dict[str, Callable[[], dict[str, Mask]]] = {
    "usual": boxes,
    "none": dict,
    "no vertebra": lambda: {k: v for k, v in boxes().items() if k != "vertebrae_L2"},
    "a liver of one voxel": lambda: boxes() | {"liver": _mask((5, 4, 4))},
    "an empty liver": lambda: boxes() | {"liver": _mask()},
    "one muscle": lambda: {k: v for k, v in boxes().items() if k != "autochthon_left"},
    "organs everywhere": lambda: {name: _mask(...) for name in boxes()},
    "muscles exchanged": lambda: boxes()
    | {
        "autochthon_left": boxes()["autochthon_right"],
        "autochthon_right": boxes()["autochthon_left"],
    },
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A study to be measured: values, tumour and organs."""

    name: str
    values: Values
    tumour: Mask
    organs: dict[str, Mask]


def cases(points: int, seed: int) -> Iterator[Case]:
    """Yield those above one by one, pairs of the worst, then random ones."""
    plain = [(v, "usual", "usual") for v in VALUES] + [("usual", r, "usual") for r in REGIONS]
    plain += [("usual", "usual", o) for o in ORGANS]
    plain += [
        (v, r, o)
        for v in ("zero", "negative", "signs in turn", "large")
        for r in ("one voxel", "a corner voxel", "the whole volume", "a chequerboard", "empty")
        for o in ("usual", "none")
    ]
    for v, r, o in plain[:points]:
        yield Case(f"{v} / {r} / {o}", VALUES[v](), REGIONS[r](), ORGANS[o]())
    for number in range(len(plain), points):
        yield _random_case(number, seed)


def _random_case(number: int, seed: int) -> Case:
    rng = random.Random(f"{seed}/{number}")
    numpy_rng = np.random.default_rng(rng.getrandbits(32))
    values = VALUES[rng.choice(list(VALUES))]()
    if rng.random() < 0.5:
        scale = 10.0 ** rng.uniform(-20, 20)
        values = (numpy_rng.normal(size=SHAPE) * scale).astype(np.float32)
    tumour = REGIONS[rng.choice(list(REGIONS))]()
    if rng.random() < 0.6:
        low = [rng.randrange(n) for n in SHAPE]
        box = tuple(slice(a, rng.randint(a + 1, n)) for a, n in zip(low, SHAPE, strict=True))
        dense = numpy_rng.random(SHAPE) < rng.choice((0.02, 0.3, 0.7, 1.0))
        tumour = _mask(box) * dense.astype(np.uint8)
    organs = ORGANS[rng.choice(list(ORGANS))]()
    return Case(f"random {seed}/{number}", values, tumour, organs)


def measured(case: Case, folder: Path) -> StudyRecord:
    """Write a case as DICOM and measure it."""
    data = emission()
    for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(data, keyword)
    data.BitsAllocated = 32
    data.FloatPixelData = case.values.astype("<f4").tobytes()
    masks = {
        name: mask for name, mask in {**case.organs, "tumour": case.tumour}.items() if mask.any()
    }
    seg = file_bytes(segments(masks)) if masks else b""
    write_study(folder / "in", nm=file_bytes(data), seg=seg, rtstruct=b"")
    (folder / "fast.toml").write_text(FAST)
    (study,) = index_tree(folder / "in").studies
    return measure_study(study, load_protocol(str(folder / "fast.toml"))).record


def faults(record: StudyRecord) -> list[str]:
    """List silent values: not finite, negative where nothing can be, or absent without a code."""
    found: list[str] = []
    if record.status is Status.FAILED and not [one for one in record.flags if one.code in CODES]:
        found.append("failed without a code")
    if any(one.code == "STUDY_FAILED" for one in record.flags):
        found.append("an unforeseen failure")
    for one in record.measurements:
        found += [f"{one.name} of {one.roi} {wrong}" for wrong in _wrong(one)]
    found += [f"a sphere at {s.centre_mm}" for s in record.spheres if not _sound(s.centre_mm)]
    lesions = [region for region in record.regions if region.role in LESION_ROLES]
    cells = [(c.name, c.read(record, None)) for c in STUDY_COLUMNS]
    cells += [(c.name, c.read(record, region)) for region in lesions for c in LESION_COLUMNS]
    found += [
        f"cell {name} is {cell}"
        for name, cell in cells
        if isinstance(cell, float) and not math.isfinite(cell)
    ]
    return found


def _wrong(one: Measurement) -> Iterator[str]:
    if one.value is None:
        if not one.flags:
            yield "is absent without a code"
        return
    if not math.isfinite(one.value) or (one.name in NEVER_NEGATIVE and one.value < 0.0):
        yield f"is {one.value}"
    if one.interval is not None and not _sound((one.interval.low, one.interval.high)):
        yield f"has the interval {one.interval}"


NEVER_NEGATIVE = frozenset((
    "asphericity", "asphericity_floor", "asphericity_smoothed", "asphericity_weights", "sphericity",
    "mesh_volume_ml", "surface_area_mm2", "tumour_volume_ml", "tumour_voxels", "tumour_sd",
    "max_diameter_mm", "components", "liver_sd", "liver_volume_ml",
))  # fmt: skip


def _sound(numbers: Any) -> bool:  # noqa: ANN401 - any numbers; an open end of an interval is None
    return all(one is None or math.isfinite(one) for one in numbers)


def degenerate(points: int, seed: int) -> list[Figure]:
    """Measure so many studies at the end of what can be."""
    import tempfile

    statuses: dict[str, int] = {}
    with figure("degenerate regions and values: a number or a code") as row:
        for case in cases(points, seed):
            with tempfile.TemporaryDirectory(dir=in_memory()) as name:
                record = measured(case, Path(name))
            statuses[str(record.status)] = statuses.get(str(record.status), 0) + 1
            wrong = faults(record)
            row.check(not wrong, f"{case.name}: {wrong[:3]}")
        row.notes = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    return [row]
