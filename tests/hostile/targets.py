"""Goal 2: three doors that a coverage-guided fuzzer pushes, and a corpus that is replayed.

``python -m tests.hostile.targets TARGET [--minutes 30]`` runs atheris where it is installed. A
target takes bytes; whatever it raises besides the engine's own errors is a finding.
"""

import argparse
import random
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from quant.errors import QuantError
from tests.soak.figures import Figure, figure
from tests.support.fuzzing import Tally, in_memory, read_all
from tests.support.mutator import BINARY, LENGTHS, TEXTS, mutant

Target = Callable[[bytes, Path], None]


def header(content: bytes, folder: Path) -> None:
    """From bytes to a study: index, and voxels where there are any."""
    from quant.dicom.index import index_tree

    (folder / "a.dcm").write_bytes(content)
    index = index_tree(folder)
    assert index.files_seen == 1
    read_all(index, Tally())


def regions(content: bytes, folder: Path) -> None:
    """Every reader of regions, whatever the bytes are."""
    from quant.dicom.regions.rtstruct import read_rtstruct
    from quant.dicom.regions.segmentation import read_segmentation
    from quant.images.labels import read_label_file
    from quant.images.markups import read_markups

    for name, read in (
        ("a.dcm", read_rtstruct), ("b.dcm", read_segmentation), ("liver.nii", read_label_file),
        ("liver.nii.gz", read_label_file), ("liver.nrrd", read_label_file),
        ("liver.seg.nrrd", read_label_file), ("liver.mha", read_label_file),
        ("liver.mrk.json", read_markups),
    ):  # fmt: skip
        path = folder / name
        path.write_bytes(content)
        try:
            read(path)
        except QuantError:
            continue
        finally:
            path.unlink()


def tables(content: bytes, folder: Path) -> None:
    """Tables of cohorts, papers, readers and lesions, cut-offs and protocols."""
    from quant.cohort.data.reading import read_table
    from quant.cohort.published.auditing import read_published
    from quant.pipeline.protocols import load_protocol
    from quant.scoring.analysis.cutoffs import read_cutoffs
    from quant.scoring.response.inrc.disease_table import read_disease
    from quant.scoring.response.lesions.table import read_lesions
    from quant.scoring.tables.reader_table import read_scores
    from quant.scoring.visits import read_visits

    readers: tuple[tuple[str, Callable[[Path], object]], ...] = (
        ("a.csv", read_table), ("a.parquet", read_table), ("a.toml", load_protocol),
        ("b.toml", read_published), ("b.csv", read_published), ("b.json", read_published),
        ("c.toml", read_cutoffs), ("c.csv", lambda path: read_scores([path])),
        ("d.csv", read_disease), ("e.csv", read_lesions), ("f.csv", read_visits),
    )  # fmt: skip
    for name, read in readers:
        path = folder / name
        path.write_bytes(content)
        try:
            read(path)
        except QuantError:
            continue


TARGETS: dict[str, Target] = {"header": header, "regions": regions, "tables": tables}


def whole_files() -> list[bytes]:
    """Return small whole files of every kind that is no DICOM: label images, tables, settings."""
    import gzip
    import io
    import struct

    import numpy as np

    mask = np.zeros((4, 5, 6), dtype=np.uint8)
    mask[1:3, 1:4, 2:5] = 1
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, 6, 5, 4, 1, 1, 1, 1)
    struct.pack_into("<hh", head, 70, 2, 8)
    struct.pack_into("<8f", head, 76, 1, 2, 2, 2, 0, 0, 0, 0)
    struct.pack_into("<f", head, 108, 352.0)
    struct.pack_into("<hh", head, 252, 0, 1)
    for row in range(3):
        struct.pack_into("<4f", head, 280 + 16 * row, *[2.0 * (row == n) for n in range(4)])
    head[344:348] = b"n+1\0"
    nifti = bytes(head) + mask.tobytes()
    nrrd = (
        b"NRRD0005\ntype: uint8\ndimension: 3\nspace: left-posterior-superior\nsizes: 6 5 4\n"
        b"space directions: (2,0,0) (0,2,0) (0,0,2)\nspace origin: (0,0,0)\nencoding: raw\n"
        b"Segment0_Name:=liver\nSegment0_LabelValue:=1\nSegment0_Layer:=0\n\n"
    ) + mask.tobytes()
    mha = (
        b"ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
        b"CompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\n"
        b"ElementSpacing = 2 2 2\nDimSize = 6 5 4\nElementType = MET_UCHAR\n"
        b"ElementDataFile = LOCAL\n"
    ) + mask.tobytes()
    marks = (
        b'{"markups":[{"type":"Fiducial","coordinateSystem":"LPS","coordinateUnits":"mm","controlPoints":'
        b'[{"label":"liver","position":[1.0,2.0,3.0]}]}]}'
    )
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as stream:
        stream.write(nifti)
    csv = b"study_uid,time,event,age\n1.2,12.5,1,3\n1.3,7,0,4\n1.4,1e3,1,\n"
    toml = b'name = "x"\nextends = "zhou2025"\n[liver_sphere]\nvolume_ml = 25.0\n'
    scores = b"patient_id,visit,reader,system,segment,score\nA,1,R1,curie,1,2\nA,1,R1,curie,2,0\n"
    lesions = (
        b"patient_id,date,lesion,target,organ,kind,diameter_mm\nA,2024-01-02,1,yes,liver,x,12.5\n"
    )
    paper = b'[[row]]\nkind = "counts"\nwhere = "1"\nname = "x"\ntotal = 50\nparts = [25, 25]\n'
    return [nifti, packed.getvalue(), nrrd, mha, marks, csv, toml, scores, lesions, paper]


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Change a file that is no DICOM: bytes, numbers in text, lines, lengths."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(content) + 1)
        pieces = (
            rng.choice(TEXTS),
            rng.choice(BINARY).to_bytes(2, "little"),
            rng.choice(LENGTHS).to_bytes(4, "little"),
            rng.randbytes(rng.choice((1, 4, 30))),
            content[at : at + 200] * rng.choice((1, 3, 100)),
            b"",
        )
        gone = rng.choice((0, 0, 1, 2, 4, 60, 10**6))
        content = content[:at] + rng.choice(pieces) + content[at + gone :]
    return content


def corpus(points: int, seed: int) -> Iterator[bytes]:
    """Yield so many inputs: damaged DICOM and damaged other files in turn."""
    others = whole_files()
    for number in range(points):
        if number % 2:
            yield mutant((seed - 1) * 10**7 + 5_000_000 + number).content
        else:
            rng = random.Random(f"{seed}/{number}")
            yield damaged(rng.choice(others), rng)


def replay(points: int, seed: int) -> list[Figure]:
    """Put a corpus through every target."""
    rows = []
    inputs = [*whole_files(), *corpus(points, seed)]
    for name, target in TARGETS.items():
        with (
            figure(f"replayed inputs: {name}") as row,
            tempfile.TemporaryDirectory(dir=in_memory()) as base,
        ):
            for number, content in enumerate(inputs):
                wrong = tried(target, content, Path(base))
                row.check(not wrong, f"input {number}: {wrong}")
        rows.append(row)
    return rows


def tried(target: Target, content: bytes, folder: Path) -> str:
    """Put one input through a target; return what it raised that is not ours."""
    for path in folder.iterdir():
        path.unlink()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target(content, folder)
    except QuantError:
        return ""
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"{type(error).__name__}: {error}"[:300]
    return ""


def main() -> None:
    """Let atheris push one target for some minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--minutes", type=float, default=30.0)
    options = parser.parse_args()
    import atheris

    target = TARGETS[options.target]
    with tempfile.TemporaryDirectory() as base:
        folder, seeds = Path(base) / "work", Path(base) / "seeds"
        folder.mkdir()
        seeds.mkdir()
        for number, content in enumerate([*whole_files(), *corpus(400, 1)]):
            (seeds / str(number)).write_bytes(content)

        def one(content: bytes) -> None:
            wrong = tried(target, content, folder)
            if wrong:
                raise AssertionError(wrong)

        atheris.instrument_all()
        limits = [f"-max_total_time={options.minutes * 60:.0f}", "-max_len=65536", "-timeout=25"]
        atheris.Setup([sys.argv[0], "-rss_limit_mb=2560", *limits, str(seeds)], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
