"""The report of ``quant inspect`` on screen: verdict first, then the evidence.

Reads at any width from 80 columns on: narrow tables without lines, one card for each series.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from quant.domain.text import counted

if TYPE_CHECKING:
    from rich.console import Console

    from quant.report.inspection.layout import (
        FlagReport,
        InspectReport,
        ProblemReport,
        QuarantineReport,
        RegionReport,
        SeriesReport,
        StudyReport,
    )

COLOURS = {"error": "bold red", "warning": "yellow", "information": "dim"}

TAIL = 12
"""Last signs of a UID that are shown."""

IMAGES = ("NM", "PT", "CT")


def print_report(console: "Console", report: "InspectReport", *, brief: bool = False) -> None:
    """Print a report; with ``brief`` the verdicts only."""
    files = report["files"]
    console.print(report["verdict"], style="bold")
    console.print(
        f"{files['seen']} files: {files['used']} used, {files['duplicates']} duplicates, "
        f"{files['ignored']} ignored, {files['quarantined']} quarantined"
    )
    for study in report["studies"]:
        _print_verdict(console, study)
        if not brief:
            _print_evidence(console, study)
    if report["quarantined"]:
        _heading(console, "Not used")
        _print_quarantine(console, report["quarantined"])


def print_codes(console: "Console") -> None:
    """Print the registry of codes."""
    from quant.domain.flags import CODES

    rows = [
        (code, f"{info.sentence} -> {info.action}", str(info.severity))
        for code, info in CODES.items()
    ]
    _print_rows(console, ("code", "what it means -> what to do"), rows, show_severity=True)


def _print_quarantine(console: "Console", entries: "Sequence[QuarantineReport]") -> None:
    rows = [
        (one["path"], one["code"], f"{one['message']} -> {one['action']}", one["severity"])
        for one in entries
    ]
    _print_rows(console, ("file", "code", "why -> what to do"), rows)


def _print_verdict(console: "Console", study: "StudyReport") -> None:
    console.print()
    console.print(f"Study {study['study_uid']}", style="bold")
    colour = "yellow" if study["missing"] else "green"
    _say(console, study["verdict"], colour if study["measurable"] else "bold red", indent=2)
    rows = [("would be measured", text) for text in study["measured"]]
    rows += [("would be absent", text) for text in study["missing"]]
    _print_pairs(console, _said_once(rows), indent=2)
    if study["mend"]:
        console.print("  to mend, the weightiest first:")
        _print_problems(console, study["mend"])
    else:
        console.print("  nothing to mend")


def _said_once(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Blank a label that stands above already."""
    said, before = [], ""
    for label, text in rows:
        said.append(("" if label == before else label, text))
        before = label
    return said


def _print_problems(console: "Console", problems: "Sequence[ProblemReport]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", min_width=5)
    table.add_column(overflow="fold")
    for place, one in enumerate(problems, start=1):
        subject = f" {one['subject']}" if one["subject"] else ""
        table.add_row(f"{place}.", Text(f"{one['code']} ({one['where']}{subject})",
                                        style=COLOURS[one["severity"]]))  # fmt: skip
        detail = f" ({one['detail']})" if one["detail"] else ""
        table.add_row("", f"{one['sentence']}{detail}")
        table.add_row("", f"-> {one['action']}")
    console.print(table)


def _print_evidence(console: "Console", study: "StudyReport") -> None:
    _heading(console, "Series")
    ranks = {"emission": 0, "ct": 1}
    series = sorted(study["series"], key=lambda one: ranks.get(one["chosen_as"], 2))
    rows = [(*_series_row(one), "") for one in series]
    _print_rows(console, ("", "series", "what it is", "voxels", "unit", "verdict"), rows)
    for one in series:
        if one["modality"] in IMAGES:
            _print_card(console, one)
    if study["candidates"]:
        _heading(console, "Scores of the choice (* chosen)")
        rows = [
            (
                "*" if one["chosen"] else "",
                one["purpose"],
                _named(one["series_uid"], one["part"]),
                f"{one['score']:g}",
                "; ".join(one["reasons"]),
                "",
            )
            for one in study["candidates"]
        ]
        _print_rows(console, ("", "as", "series", "score", "because"), rows)
    if study["regions"]:
        _heading(console, "Regions")
        rows = [(*_region_row(one), _worst(one["flags"])) for one in study["regions"]]
        _print_rows(console, ("role", "name", "format", "frame", "size"), rows)
    if study["unreadable"]:
        _heading(console, "Region files that cannot be used")
        _print_quarantine(console, study["unreadable"])
    if study["flags"]:
        _heading(console, "On the study as a whole")
        _print_flags(console, study["flags"])


def _heading(console: "Console", text: str) -> None:
    console.print()
    console.print(f"  {text}", style="bold")


def _named(series_uid: str, part: str) -> str:
    short = series_uid if len(series_uid) <= TAIL else f"\u2026{series_uid[-TAIL:]}"
    return f"{short} {part}".strip()


def _series_row(one: "SeriesReport") -> tuple[str, ...]:
    geometry, voxels = one["geometry"], ""
    if geometry is not None:
        shape = "x".join(str(size) for size in geometry["shape_kji"])
        spacing = "x".join(f"{value:.4g}" for value in geometry["spacing_kji_mm"])
        voxels = f"{shape} of {spacing} mm"
    mark = "*" if one["chosen_as"] else ""
    verdict = one["chosen_as"] or ("" if one["verdict"] == "not an image" else one["verdict"])
    if one["problem"] is not None:
        verdict = f"refused, {one['problem']['code']}"
    what = f"{one['what']} ({counted(one['files'], 'file')})"
    return mark, _named(one["series_uid"], one["part"]), what, voxels, one["unit"], verdict


def _region_row(one: "RegionReport") -> tuple[str, ...]:
    size = ""
    if one["contours"] is not None:
        size = f"{one['contours']} contours"
    elif one["voxels"] is not None:
        size = f"{one['voxels']} voxels"
    elif one["position_mm"] is not None:
        size = "at " + ", ".join(f"{value:g}" for value in one["position_mm"]) + " mm"
    if one["inside"] is False:
        size += ", outside the emission volume"
    codes = " ".join(flag["code"] for flag in one["flags"] if flag["severity"] != "information")
    return one["role"], one["name"], one["format"], one["frame"], f"{size} {codes}".strip()


def _worst(flags: "Sequence[FlagReport]") -> str:
    severities = {flag["severity"] for flag in flags}
    return next((one for one in ("error", "warning") if one in severities), "")


def _print_card(console: "Console", one: "SeriesReport") -> None:
    title = f"{one['modality']} {_named(one['series_uid'], one['part'])}"
    if one["chosen_as"]:
        title += f", chosen as {one['chosen_as']}"
    _heading(console, title)
    if one["problem"] is not None:
        problem = one["problem"]
        text = f"{problem['code']}: {problem['sentence']} ({problem['detail']}) -> "
        _say(console, f"refused: {text}{problem['action']}", COLOURS["error"], indent=4)
    _print_pairs(console, [(k, v) for k, v in _card(one) if v], indent=4)
    _print_flags(console, one["flags"])


def _card(one: "SeriesReport") -> Iterable[tuple[str, str]]:
    """Yield the lines of a card: a word and what there is to say; empty where nothing."""
    facts = one["facts"]
    scanner = [facts.get(key, "") for key in ("Manufacturer", "ManufacturerModelName")]
    yield "scanner", " ".join(part for part in scanner if part)
    geometry = one["geometry"]
    if geometry is not None:
        oblique = geometry["oblique_degrees"]
        yield (
            "orientation",
            geometry["orientation"] + (f", oblique {oblique:g}\u00b0" if oblique else ""),
        )
        yield "position", _from(geometry["position_from"])
        yield "spacing", _from(geometry["spacing_from"])
        shown = ("geometry_source", "spacing_source")
        for key, value in geometry["sources"].items():
            if key not in shown:
                yield key.replace("_", " "), value
        yield "frame", "" if geometry["frame_of_reference_uid"] else "no frame of reference"
    if one["unit"]:
        slope = f"; scaled by {one['slope_source']}" if one["slope_source"] != "none" else ""
        yield "values", f"{one['unit']}: {one['unit_because']}{slope}"
    if one["attenuation_correction"]:
        why = "; ".join(one["attenuation_evidence"])
        yield "attenuation", f"{one['attenuation_correction']}: {why}"
        yield "corrections", ", ".join(one["corrections"]) or "none stated"
    yield "acquisition", _acquisition(one)
    if one["suv"] is not None:
        suv = one["suv"]
        yield "SUV", f"{'possible' if suv['possible'] else 'not possible'}: {suv['because']}"
        yield "times", "; ".join(suv["chain"])


def _from(source: str) -> str:
    return f"from {source}" if source else ""


def _acquisition(one: "SeriesReport") -> str:
    found = one["acquisition"]
    if found is None:
        return ""
    said = [
        f"{found['radionuclide']} (from {found['radionuclide_from']})"
        if found["radionuclide"]
        else "radionuclide not stated",
        f"collimator {found['collimator']}" if found["collimator"] else "",
        f"window {found['energy_window_kev']} keV" if found["energy_window_kev"] else "",
    ]
    duration, frames = found["frame_duration_s"], found["frames_per_rotation"]
    if duration is not None and frames:
        said.append(f"{frames} frames of {duration:g} s a rotation")
    elif duration is not None:
        said.append(f"frame of {duration:g} s")
    if found["rotations"] and found["rotations"] > 1:
        said.append(f"{found['rotations']} rotations")
    if found["scan_arc_degrees"]:
        said.append(f"arc {found['scan_arc_degrees']:g}\u00b0")
    return ", ".join(part for part in said if part)


def _print_flags(console: "Console", flags: "Sequence[FlagReport]") -> None:
    for flag in flags:
        detail = f" ({flag['detail']})" if flag["detail"] else ""
        text = f"{flag['code']}: {flag['sentence']}{detail} -> {flag['action']}"
        _say(console, text, COLOURS[flag["severity"]], indent=4)


def _say(console: "Console", text: str, style: str, *, indent: int) -> None:
    from rich.padding import Padding

    console.print(Padding(text, (0, 0, 0, indent)), style=style)


def _print_pairs(console: "Console", rows: Sequence[tuple[str, str]], *, indent: int) -> None:
    from rich.padding import Padding
    from rich.table import Table

    if not rows:
        return
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, text)
    console.print(Padding(table, (0, 0, 0, indent)))


def _print_rows(
    console: "Console",
    headings: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    show_severity: bool = False,
) -> None:
    """Print a table without lines; the last cell of each row is its severity."""
    from rich.padding import Padding
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    if show_severity:
        table.add_column("severity", no_wrap=True)
    for row in rows:
        cells = row if show_severity else row[:-1]
        table.add_row(*cells, style=COLOURS.get(row[-1], ""))
    console.print(Padding(table, (0, 0, 0, 2)))
