"""A record in a notebook: short, escaped, complete enough for a glance."""

from dataclasses import replace
from html.parser import HTMLParser

from quant.domain.flags import Flag
from quant.domain.measurement import Interval, Measurement
from quant.domain.record import RegionSummary, Status, StudyRecord

EVIL = "<script>alert('x')</script>\u202e&"
RECORD = StudyRecord(
    study_uid="1.2",
    subject_key=EVIL,
    status=Status.PARTIAL,
    modality="NM",
    unit="counts",
    regions=(RegionSummary(EVIL, "tumour", "SEG", "centre", 1.0, 9, 0.0, is_primary=True),),
    measurements=(
        Measurement("tmax_lmax", 3.48828125, "1", EVIL, interval=Interval(3.4, 3.6, "90%")),
        Measurement("tmax_mmax", None, "1", EVIL, flags=(Flag("MUSCLE_MISSING"),)),
        Measurement("tumour_max", 893, "counts", EVIL),
    ),
    flags=(Flag("NM_UNCALIBRATED"),),
    protocol_name="zhou2025",
    protocol_hash="ab" * 32,
)


class Cells(HTMLParser):
    """Elements and texts of a fragment."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the name of an element; its attributes can do nothing."""
        self.tags.append(tag)
        assert {name for name, _ in attrs} <= {"scope", "colspan"}

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)


def parsed(record: StudyRecord) -> Cells:
    cells = Cells()
    cells.feed(record._repr_html_())
    return cells


def test_values_intervals_units_and_reasons_stand_in_it() -> None:
    cells = parsed(RECORD)

    for text in ("3.488", "3.4 to 3.6", "893", "counts", "MUSCLE_MISSING", "NM_UNCALIBRATED",
                 "partial", "zhou2025 abababab"):  # fmt: skip
        assert text in cells.texts


def test_nothing_from_a_file_becomes_markup() -> None:
    cells = parsed(RECORD)

    assert set(cells.tags) == {"table", "caption", "tbody", "tr", "th", "td"}
    assert "<script>alert('x')</script> &" in cells.texts


def test_a_failed_study_has_a_table_too() -> None:
    failed = replace(RECORD, status=Status.FAILED, measurements=(), regions=())

    assert "failed" in parsed(failed).texts
