"""Baseline: which lesions are measurable, and which of them are followed as targets."""

from collections.abc import Sequence
from fractions import Fraction

from quant.scoring.response.answers import RecistSettings
from quant.scoring.response.derivation import Derivation, mm, names
from quant.scoring.response.lesions.cells import normal
from quant.scoring.response.lesions.history import Kind, LesionHistory, LesionRow, Method
from quant.scoring.tables.sheet import Problem


def least_size_mm(row: LesionRow, settings: RecistSettings) -> Fraction:
    """Return the least diameter at which a lesion is measurable at baseline, mm.

    Longest diameter 10 mm (20 mm on a chest X-ray), short axis of a node 15 mm; with slices
    thicker than 5 mm, at least twice the slice thickness.
    """
    least = settings.longest_min_mm
    if row.node:
        least = settings.node_min_mm
    elif row.method is Method.X_RAY:
        least = settings.x_ray_min_mm
    if row.slice_mm is not None and row.slice_mm > settings.thick_slice_mm:
        least = max(least, 2 * row.slice_mm)
    return least


def is_measurable(row: LesionRow, settings: RecistSettings) -> bool:
    """Tell whether a lesion may be a target: large enough, and in bone only with soft tissue."""
    size = row.diameter_mm
    if size is None or (row.in_bone and row.soft_tissue is False):
        return False
    return size >= least_size_mm(row, settings)


def baseline_problems(
    history: LesionHistory, settings: RecistSettings, source: str
) -> list[Problem]:
    """Find targets that the criteria do not allow: too small, of bone alone, or too many."""
    targets = history.of_kind(Kind.TARGET)
    found = [problem for row in targets for problem in _not_measurable(row, settings, source)]
    limit, per_organ = settings.max_targets, settings.max_per_organ
    for row in targets[limit:]:
        fix = f"allowed: {limit} targets; make the others non-target"
        found.append(Problem(row.row, f"target {row.lesion!r} is one too many", fix, source))
    organs: dict[str, list[LesionRow]] = {}
    for row in targets:
        organs.setdefault(normal(row.organ), []).append(row)
    for organ, rows in organs.items():
        for row in rows[per_organ:]:
            fix = f"allowed: {per_organ} targets in one organ; make the others non-target"
            text = f"target {row.lesion!r} is one too many in {organ!r}"
            found.append(Problem(row.row, text, fix, source))
    return found


def _not_measurable(row: LesionRow, settings: RecistSettings, source: str) -> list[Problem]:
    size, least = row.diameter_mm, least_size_mm(row, settings)
    if row.in_bone and row.soft_tissue is False:
        text = f"target {row.lesion!r} is bone without a soft-tissue part"
        fix = "make it non-target, or measure its soft-tissue part and write soft_tissue yes"
        return [Problem(row.row, text, fix, source)]
    if size is None or size >= least:
        return []
    what = "short axis of a node" if row.node else "longest diameter"
    text = f"target {row.lesion!r} measures {mm(size)} at baseline"
    if row.node and size < settings.node_normal_mm:
        fix = f"a node below {mm(settings.node_normal_mm)} is normal: leave it out"
    else:
        fix = f"allowed: {what} of at least {mm(least)}; make it non-target"
    return [Problem(row.row, text, fix, source)]


def note_baseline(history: LesionHistory, settings: RecistSettings, notes: Derivation) -> None:
    """Say how each target is measurable, and flag what the table leaves open."""
    targets = history.of_kind(Kind.TARGET)
    for row in targets:
        least = least_size_mm(row, settings)
        what = "short axis" if row.node else "longest diameter"
        thick = row.slice_mm is not None and row.slice_mm > settings.thick_slice_mm
        notes.say(
            "RECIST-SLICES" if thick else "RECIST-NODES" if row.node else "RECIST-MEASURABLE",
            f"{row.lesion} ({row.organ}): {what} {mm(row.diameter_mm)}, at least {mm(least)}"
            + (f" (slices of {mm(row.slice_mm)})" if thick else "")
            + ": measurable.",
            {"diameter_mm": row.diameter_mm, "least_mm": least, "row": row.row},
        )
    by_ct = [row for row in targets if row.method in {None, Method.CT, Method.MRI}]
    if any(row.slice_mm is None for row in by_ct):
        notes.flag("RECIST_SLICE_UNSTATED", names(r.lesion for r in by_ct if r.slice_mm is None))
    bone = [row.lesion for row in targets if row.in_bone and row.soft_tissue is None]
    if bone:
        notes.flag("RECIST_BONE_TARGET", names(bone))
    nodes = [row.lesion for row in targets if row.node]
    if len(nodes) > settings.max_per_organ:
        notes.flag("RECIST_NODES_MANY", names(nodes))
    _note_non_targets(history, settings, notes)
    _note_methods(history, notes)


def _note_non_targets(history: LesionHistory, settings: RecistSettings, notes: Derivation) -> None:
    lesions = history.of_kind(Kind.NON_TARGET)
    normal_nodes = [
        row.lesion for row in lesions
        if row.node and row.short_mm is not None and row.short_mm < settings.node_normal_mm
    ]  # fmt: skip
    if normal_nodes:
        notes.flag("RECIST_NODE_NORMAL", names(normal_nodes))
    if not history.of_kind(Kind.TARGET):
        measurable = [row.lesion for row in lesions if is_measurable(row, settings)]
        notes.say("RECIST-NON-TARGET-ONLY", "There is no target lesion: Table 2 answers.")
        if measurable:
            notes.flag("RECIST_NO_TARGET", names(measurable))


def _note_methods(history: LesionHistory, notes: Derivation) -> None:
    """Flag lesions that were not measured by one method throughout."""
    for name, row in history.baseline.rows.items():
        methods = {
            visit.rows[name].method for visit in history.visits
            if name in visit.rows and visit.rows[name].diameter_mm is not None
        } - {None}  # fmt: skip
        if len(methods) > 1:
            shown = ", ".join(sorted(str(one) for one in methods))
            notes.flag("RECIST_METHOD_CHANGED", f"{row.lesion}: {shown}")


def choose_targets(
    lesions: Sequence[LesionRow], settings: RecistSettings, notes: Derivation
) -> dict[str, Kind]:
    """Choose targets among the lesions of a baseline: the largest, few in each organ.

    Parameters
    ----------
    lesions : sequence of LesionRow
        In any order; equal sizes go by name.
    settings : RecistSettings
    notes : Derivation
        Gets the reason for every lesion.

    Returns
    -------
    dict of str to Kind
        Target or non-target, by lesion. A node below 10 mm is normal and left out.
    """
    chosen: dict[str, Kind] = {}
    used: dict[str, int] = {}
    count = 0
    for row in sorted(lesions, key=lambda one: (-(one.diameter_mm or 0), one.lesion)):
        organ = normal(row.organ)
        if row.node and row.short_mm is not None and row.short_mm < settings.node_normal_mm:
            why = f"normal node ({mm(row.short_mm)} short axis): left out"
            notes.say("RECIST-NODES", f"{row.lesion}: {why}.")
            continue
        kind = Kind.NON_TARGET
        if not is_measurable(row, settings):
            why = f"not measurable ({mm(row.diameter_mm)})"
        elif count >= settings.max_targets:
            why = f"{settings.max_targets} larger targets"
        elif used.get(organ, 0) >= settings.max_per_organ:
            why = f"{settings.max_per_organ} larger targets in {row.organ}"
        else:
            kind, why = Kind.TARGET, f"measurable ({mm(row.diameter_mm)}), among the largest"
            used[organ] = used.get(organ, 0) + 1
            count += 1
        chosen[row.lesion] = kind
        notes.say("RECIST-TARGETS", f"{row.lesion} ({row.organ}): {kind}, {why}.")
    return chosen
