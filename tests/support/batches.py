"""Batches of many small studies, and a stand-in that measures them at once.

Everything around the measuring is real: indexing, hashing, records, meshes, ledger, tables.
"""

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pydicom

from quant.dicom.index import index_tree
from quant.dicom.objects.naming import Naming
from quant.domain.protocol import StudyProtocol
from quant.domain.study import StudyFiles, StudyIndex
from quant.pipeline.objects import write_objects
from quant.pipeline.protocols import load_protocol
from quant.pipeline.stopwatch import Stopwatch
from quant.pipeline.study import StudyOutcome, measure_study
from quant.report.pictures.study import write_pictures
from quant.report.writing import write_files
from tests.support.seeds import study_files

OWN = (
    "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID",
    "ReferencedSOPInstanceUID", "ReferencedFrameOfReferenceUID",
)  # fmt: skip
"""UIDs that differ from study to study."""

PARTS = ("nm", "seg", "rtstruct")
PLACE = "1000000"
"""Stands for the number of the study in the templates: as long as any, so that bytes can change."""

QUICK = load_protocol("zhou2025")


def templates() -> dict[str, bytes]:
    """Return the files of one study, by name, with :data:`PLACE` at the end of their UIDs."""
    made = {}
    for name in PARTS:
        data = pydicom.dcmread(io.BytesIO(study_files()[name]))
        for element in data.iterall():
            if element.keyword in OWN and str(element.value).startswith("1.2.826.0.1."):
                element.value = f"{element.value}.{PLACE}"
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        stream = io.BytesIO()
        data.save_as(stream, enforce_file_format=True)
        made[name] = stream.getvalue()
    return made


def write_batch(folder: Path, count: int, order: list[int] | None = None) -> Path:
    """Write so many studies, each in a folder of its own; ``order`` says which comes first."""
    files = templates()
    for number in order or range(count):
        own = folder / f"s{number:05d}"
        own.mkdir(parents=True)
        mark = str(int(PLACE) + number).encode()
        for name, content in files.items():
            (own / f"{name}.dcm").write_bytes(content.replace(PLACE.encode(), mark))
    return folder


Measure = Callable[[StudyFiles, StudyProtocol, Stopwatch | None], StudyOutcome]


def as_measured(study: StudyFiles, protocol: StudyProtocol = QUICK) -> Measure:
    """Measure one study, and return what gives every other one the same values at once."""
    first = measure_study(study, protocol)

    def measure(
        study: StudyFiles, protocol: StudyProtocol, _watch: Stopwatch | None = None
    ) -> StudyOutcome:
        del protocol
        record = replace(
            first.record,
            study_uid=study.study_uid,
            subject_key=study.subject_key,
            input_hash=study.input_hash,
        )
        return StudyOutcome(record, first.volume, first.regions)

    return measure


def as_written(write: Callable[[Path], object]) -> Callable[[Path], None]:
    """Let something write into a folder once, and return what writes the same files at once."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}

    def again(folder: Path) -> None:
        if files:
            write_files(folder, files)

    return again


@contextmanager
def measured_at_once(folder: Path) -> Iterator[StudyIndex]:
    """Index a batch, and let its studies be measured, drawn and exported by the stand-in."""
    index = index_tree(folder)
    measure = as_measured(index.studies[0])
    first = measure(index.studies[0], QUICK, None)
    pictures = as_written(lambda folder: write_pictures(first, folder))
    objects = as_written(lambda folder: write_objects(first, "0" * 32, folder, Naming.PSEUDONYM))
    with (
        mock.patch("quant.pipeline.study.measure_study", measure),
        mock.patch(
            "quant.report.pictures.study.write_pictures", lambda _, folder: pictures(folder)
        ),
        mock.patch(
            "quant.pipeline.objects.write_objects", lambda _, __, folder, ___: objects(folder)
        ),
    ):
        yield index
