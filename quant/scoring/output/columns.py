"""Tables of scores: their columns, with unit and meaning, and their rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from quant.domain.flags import Flag
from quant.report.columns import Cell, ColumnType
from quant.scoring.analysis.agreement import Agreement
from quant.scoring.analysis.comparisons import Comparison
from quant.scoring.analysis.cutoffs import CutoffResult
from quant.scoring.analysis.paired import PairedTest
from quant.scoring.analysis.relative import RelativeScore
from quant.scoring.readings.segments import segment_of
from quant.scoring.readings.totals import Reading, ScoreTotal, SegmentScore

Thing = TypeVar("Thing")

TEXT, WHOLE, NUMBER = ColumnType.TEXT, ColumnType.INTEGER, ColumnType.NUMBER


@dataclass(frozen=True)
class ScoreColumn(Generic[Thing]):
    """One column: how it is named, what it means, and how it is read from a thing."""

    name: str
    unit: str
    type: ColumnType
    description: str
    read: Callable[[Thing], Cell]


@dataclass(frozen=True)
class ScoreTable(Generic[Thing]):
    """A table: its name, what one row is, and its columns."""

    name: str
    row: str
    columns: tuple[ScoreColumn[Thing], ...]

    def write(self, out: Path, things: Iterable[Thing]) -> int:
        """Write ``name.csv`` and ``name.parquet``; return the number of rows."""
        from quant.report.tables import as_csv, write_parquet
        from quant.report.writing import write_text

        rows = [tuple(column.read(thing) for column in self.columns) for thing in things]
        write_text(out / f"{self.name}.csv", as_csv([c.name for c in self.columns], rows))
        kinds = [(c.name, c.unit, c.type, c.description) for c in self.columns]
        write_parquet(out / f"{self.name}.parquet", kinds, rows)
        return len(rows)


def joined(words: Iterable[str]) -> str:
    """Several words in one cell."""
    return ";".join(words)


def codes(*groups: Sequence[Flag]) -> str:
    """Codes of flags, each once, in alphabetical order."""
    return joined(sorted({flag.code for group in groups for flag in group}))


def _key_columns(
    reading: Callable[[Thing], Reading],
) -> tuple[ScoreColumn[Thing], ...]:
    """Columns that say whose reading, when, of what, by whom."""

    def column(
        name: str, description: str, read: Callable[[Reading], Cell], kind: ColumnType = TEXT
    ) -> ScoreColumn[Thing]:
        unit = "d" if kind is NUMBER else ""
        return ScoreColumn(name, unit, kind, description, lambda thing: read(reading(thing)))

    return (
        column("patient", "pseudonym as in the input", lambda one: one.key.patient),
        column("time_point", "label of the time point", lambda one: one.key.time),
        column("day", "day of the image, empty where not stated", lambda one: one.day, NUMBER),
        column("modality", "planar, SPECT/CT, combined or planar-equivalent",
               lambda one: str(one.key.modality)),
        column("nuclide", "such as I-123", lambda one: one.key.nuclide),
        column("phase", "when in the treatment", lambda one: str(one.key.phase)),
        column("reader", "who read it; rule: by rule from lesions in 3D",
               lambda one: one.key.reader),
        column("system", "curie, siopen or curie_intensity", lambda one: str(one.system)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A reading with its total, and its relative score, if it has one."""

    reading: Reading
    total: ScoreTotal
    relative: RelativeScore | None


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A reading and one of its segments."""

    reading: Reading
    score: SegmentScore


def score_rows(readings: Iterable[Reading], relative: Iterable[RelativeScore]) -> list[ScoreRow]:
    """Pair every reading with its relative score."""
    by_reading = {(one.reading.key, one.reading.system): one for one in relative}
    return [ScoreRow(one, one.total, by_reading.get((one.key, one.system))) for one in readings]


def segment_rows(readings: Iterable[Reading]) -> list[SegmentRow]:
    """List the segments of every reading, in the order of the system."""
    return [SegmentRow(one, score) for one in readings for score in one.segments]


S, G, C = ScoreColumn[ScoreRow], ScoreColumn[SegmentRow], ScoreColumn[Comparison]


def _related(read: Callable[[RelativeScore], Cell]) -> Callable[[ScoreRow], Cell]:
    return lambda row: read(row.relative) if row.relative else None


SCORES: ScoreTable[ScoreRow] = ScoreTable(
    "scores",
    "one reading: a patient, time point, modality, nuclide, phase, reader and system",
    (
        *_key_columns(lambda row: row.reading),
        S("total", "1", WHOLE, "sum over the segments assessed; empty when there is none",
          lambda row: row.total.total),
        S("reachable", "1", WHOLE, "highest sum that the segments assessed allow",
          lambda row: row.total.reachable),
        S("maximum", "1", WHOLE, "highest total of the system",
          lambda row: row.total.maximum),
        S("low", "1", WHOLE, "least sum over border cases", lambda row: row.total.low),
        S("high", "1", WHOLE, "greatest sum over border cases",
          lambda row: row.total.high),
        S("upper_bound", "1", WHOLE, "the most that the total could be, had all been seen",
          lambda row: row.total.upper_bound),
        S("assessed_fraction", "1", NUMBER, "reachable / maximum",
          lambda row: row.total.assessed_fraction),
        S("in_field", "1", NUMBER, "mean in-field fraction of the segments; empty unless all are "
          "stated", lambda row: row.total.in_field),
        S("not_assessable", "", TEXT, "segments without a score, joined by ;",
          lambda row: joined(row.total.not_assessable)),
        S("baseline", "", TEXT, "time point of the baseline",
          lambda row: _base_time(row.relative)),
        S("relative", "1", NUMBER, "score / score at the baseline, over segments assessed at "
          "both; empty where not defined", _related(lambda one: one.value)),
        S("relative_now", "1", WHOLE, "its numerator", _related(lambda one: one.now)),
        S("relative_then", "1", WHOLE, "its denominator", _related(lambda one: one.then)),
        S("relative_left_out", "", TEXT, "segments left out of it, joined by ;",
          lambda row: joined(row.relative.left_out) if row.relative else ""),
        S("flags", "", TEXT, "codes joined by ;", lambda row: codes(
            row.total.flags, *(one.flags for one in row.reading.segments),
            row.relative.flags if row.relative else ())),
        S("source", "", TEXT, "file or study it comes from", lambda row: row.reading.source),
    ),
)  # fmt: skip


def _base_time(relative: RelativeScore | None) -> str:
    return relative.baseline.key.time if relative and relative.baseline else ""


SEGMENT_TABLE: ScoreTable[SegmentRow] = ScoreTable(
    "segments",
    "one segment of one reading",
    (
        *_key_columns(lambda row: row.reading),
        G("segment", "", TEXT, "key of the segment", lambda row: row.score.segment),
        G("number", "1", WHOLE, "its place in the system; 0: recorded apart, not in the total",
          lambda row: segment_of(row.reading.system, row.score.segment).number),
        G("score", "1", WHOLE, "empty when not assessable, never zero for it",
          lambda row: row.score.score),
        G("assessable", "", TEXT, "yes or no",
          lambda row: "yes" if row.score.assessable else "no"),
        G("alternative", "1", WHOLE, "the other score of a border case",
          lambda row: row.score.alternative),
        G("maximum", "1", WHOLE, "highest level of the segment",
          lambda row: segment_of(row.reading.system, row.score.segment).maximum),
        G("in_field", "1", NUMBER, "fraction in the field of view; empty where not stated",
          lambda row: row.score.in_field),
        G("reason", "", TEXT, "why it was not assessable", lambda row: row.score.reason),
        G("lesions", "", TEXT, "lesions behind the score, joined by ;",
          lambda row: joined(dict.fromkeys(
              name for one in row.score.evidence for name in one.lesions))),
        G("evidence", "", TEXT, "what the score rests on",
          lambda row: " | ".join(one.text for one in row.score.evidence)),
        G("flags", "", TEXT, "codes joined by ;", lambda row: codes(row.score.flags)),
    ),
)  # fmt: skip


def _tested(read: Callable[[PairedTest], Cell]) -> Callable[[Comparison], Cell]:
    return lambda one: read(one.test) if one.test else None


COMPARISON_TABLE: ScoreTable[Comparison] = ScoreTable(
    "comparisons",
    "one segment, or the total, of one comparison of modalities",
    (
        C("system", "", TEXT, "curie, siopen or curie_intensity",
          lambda one: str(one.group.system)),
        C("first", "", TEXT, "modality compared with", lambda one: one.group.first),
        C("second", "", TEXT, "modality compared; differences are second minus first",
          lambda one: one.group.second),
        C("nuclide", "", TEXT, "such as I-123", lambda one: one.group.nuclide),
        C("phase", "", TEXT, "phase, or all", lambda one: one.group.phase),
        C("reader", "", TEXT, "who read both", lambda one: one.group.reader),
        C("item", "", TEXT, "key of a segment, or total (over segments assessed both ways)",
          lambda one: one.item),
        C("pairs", "1", WHOLE, "pairs of readings in which it was assessed both ways",
          lambda one: one.pairs),
        C("not_assessable", "1", WHOLE, "pairs in which it was not",
          lambda one: one.not_assessable),
        C("patients", "1", WHOLE, "patients with such a pair", lambda one: one.patients),
        C("changed", "1", WHOLE, "patients with a difference", lambda one: one.changed),
        C("share_changed", "1", NUMBER, "changed / patients", lambda one: one.share),
        C("share_low", "1", NUMBER, "lower end of its exact 95 % interval",
          lambda one: one.share_low),
        C("share_high", "1", NUMBER, "upper end", lambda one: one.share_high),
        C("higher", "1", WHOLE, "pairs with a higher second score; empty without a test",
          _tested(lambda test: test.higher)),
        C("lower", "1", WHOLE, "pairs with a lower one", _tested(lambda test: test.lower)),
        C("equal", "1", WHOLE, "pairs without a difference",
          _tested(lambda test: test.equal)),
        C("mean_difference", "1", NUMBER, "mean of the differences", lambda one: one.mean),
        C("median_difference", "1", NUMBER, "their median", lambda one: one.median),
        C("largest_difference", "1", WHOLE, "the one of the greatest size",
          lambda one: one.largest),
        C("sign_p", "1", NUMBER, "exact sign test, two-sided",
          _tested(lambda test: test.sign_p)),
        C("wilcoxon_p", "1", NUMBER, "signed ranks, two-sided, zeros dropped",
          _tested(lambda test: test.wilcoxon_p)),
        C("wilcoxon_method", "", TEXT, "exact, normal approximation or no differences",
          lambda one: one.test.method if one.test else ""),
        C("holm_p", "1", NUMBER, "wilcoxon_p adjusted over the segments (Holm)",
          lambda one: one.holm_p),
        C("flags", "", TEXT, "codes joined by ;", lambda one: codes(one.flags)),
    ),
)  # fmt: skip

A = ScoreColumn[Agreement]

AGREEMENT_TABLE: ScoreTable[Agreement] = ScoreTable(
    "agreement",
    "one segment, or the total, of images read by the same readers",
    (
        A("system", "", TEXT, "curie, siopen or curie_intensity",
          lambda one: str(one.group.system)),
        A("modality", "", TEXT, "what was read", lambda one: one.group.modality),
        A("nuclide", "", TEXT, "such as I-123", lambda one: one.group.nuclide),
        A("phase", "", TEXT, "phase, or all", lambda one: one.group.phase),
        A("readers", "", TEXT, "readers joined by ;", lambda one: joined(one.group.readers)),
        A("item", "", TEXT, "key of a segment, or total (over segments that all assessed)",
          lambda one: one.item),
        A("images", "1", WHOLE, "images that all of them assessed", lambda one: one.images),
        A("patients", "1", WHOLE, "their patients", lambda one: one.patients),
        A("disputed", "1", WHOLE, "images that some but not all of them assessed",
          lambda one: one.disputed),
        A("agreed", "1", WHOLE, "images with the same score by all", lambda one: one.agreed),
        A("kappa", "1", NUMBER, "of a segment, quadratic weights", lambda one: one.values.kappa),
        A("kappa_low", "1", NUMBER, "lower end of its 95 % interval",
          lambda one: one.values.kappa_low),
        A("kappa_high", "1", NUMBER, "upper end", lambda one: one.values.kappa_high),
        A("kappa_linear", "1", NUMBER, "of a segment, linear weights",
          lambda one: one.values.kappa_linear),
        A("icc", "1", NUMBER, "of the total: two-way, absolute agreement, single reading",
          lambda one: one.values.icc),
        A("icc_low", "1", NUMBER, "lower end of its 95 % interval",
          lambda one: one.values.icc_low),
        A("icc_high", "1", NUMBER, "upper end", lambda one: one.values.icc_high),
        A("flags", "", TEXT, "codes joined by ;", lambda one: codes(one.flags)),
    ),
)  # fmt: skip

CUTOFF_TABLE: ScoreTable[CutoffResult] = ScoreTable(
    "cutoffs",
    "one cut-off put to one reading",
    (
        *_key_columns(lambda one: one.reading),
        ScoreColumn("cutoff", "", TEXT, "its name", lambda one: one.cutoff.name),
        ScoreColumn("condition", "", TEXT, "such as curie > 2", lambda one: one.cutoff.condition),
        ScoreColumn("answer", "", TEXT, "met, not met, undetermined or not applied",
                    lambda one: str(one.answer)),
        ScoreColumn("why", "", TEXT, "the numbers, or what would be needed", lambda one: one.why),
        ScoreColumn("worse", "", TEXT, "side with the worse outcome in the source",
                    lambda one: one.cutoff.worse),
        ScoreColumn("endpoint", "", TEXT, "of the source", lambda one: one.cutoff.endpoint),
        ScoreColumn("population", "", TEXT, "of the source", lambda one: one.cutoff.population),
        ScoreColumn("source", "", TEXT, "where it was found", lambda one: one.cutoff.source),
        ScoreColumn("verified", "", TEXT, "yes: read in the source; no: unverified",
                    lambda one: "yes" if one.cutoff.verified else "no"),
        ScoreColumn("unverified", "", TEXT, "what of it was not read in the source",
                    lambda one: one.cutoff.unverified),
        ScoreColumn("flags", "", TEXT, "codes joined by ;", lambda one: codes(one.flags)),
    ),
)  # fmt: skip
