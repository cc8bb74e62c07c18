"""Segments scored by rule, bone and soft tissue, with every border tried both ways."""

import numpy as np

from quant.domain.flags import Flag
from quant.scoring.readings.segments import SEGMENTS, Segment, System
from quant.scoring.readings.totals import Evidence, SegmentScore
from quant.scoring.spatial.apart import Pairs, count_apart
from quant.scoring.spatial.bone_names import CAVITIES
from quant.scoring.spatial.foci import common_box
from quant.scoring.spatial.places import SOFT
from quant.scoring.spatial.result import SegmentByRule, SystemByRule
from quant.scoring.spatial.rules import HALF, Involvement, level_of, rule_of
from quant.scoring.spatial.scene import Members, Reach, Scene, laps_of, reach_of


def score_system(scene: Scene, system: System) -> SystemByRule:
    """Score every segment of a system.

    Parameters
    ----------
    scene : Scene
    system : System
        Curie or SIOPEN.
    """
    segments = tuple(_score_segment(scene, segment) for segment in SEGMENTS[system])
    return SystemByRule(system, segments)


def _score_segment(scene: Scene, segment: Segment) -> SegmentByRule:
    """Score one segment, or say why it cannot be assessed."""
    if segment.key == SOFT:
        return _score_soft(scene, segment)
    system, key = segment.system, segment.key
    in_field = scene.skeleton.in_field(segment)
    home = scene.members(system, key)
    reason = _unassessable(scene, segment, in_field, home)
    if reason:
        beside = sorted(scene.foci[n].key for n in scene.members(system, key, "may"))
        if beside:
            reason += f"; {', '.join(beside)} may lie there"
        score = SegmentScore(system, key, None, in_field, reason)
        return SegmentByRule(score, None, None, "", 0, 0, 0.0)
    reach = reach_of(scene, segment, home)
    level = _level(scene, segment, home, scene.same)
    low, high = _bounds(scene, segment)
    flags = _side_flags(scene, segment) + _border_flags(scene, segment, level, (low, high))
    foci = count_apart(home, scene.same)
    apart = count_apart(home, scene.merged)
    rule = f"{system}-{level}"
    evidence = _evidence(scene, segment, home, reach, rule)
    other, further = _others(level, low, high)
    score = SegmentScore(system, key, level, in_field, "", other, evidence, flags, further)
    return SegmentByRule(
        score, low, high, rule, foci, apart, reach.fraction(), reach.bone, reach.bone_fraction
    )


def _unassessable(scene: Scene, segment: Segment, in_field: float | None, home: Members) -> str:
    """Say why a segment cannot be assessed; empty when it can."""
    if in_field is None:
        lacks = segment.bones_missing
        return f"no bones supplied: {lacks} not delineated" if lacks else "no bones supplied"
    if in_field == 0.0:
        return "outside the field of view"
    if not home and in_field < scene.rules.least_in_field:
        return f"only {100 * in_field:.0f} % of it in the field of view"
    return ""


def _side_flags(scene: Scene, segment: Segment) -> tuple[Flag, ...]:
    """Flag a segment of one side whose bones lie on the other one."""
    names = {bone.name for bone in scene.skeleton.of_segment(segment.system, segment.key)}
    wrong = sorted(names & scene.wrong_side) if segment.side else []
    return (Flag("SCORE_SIDE_MISMATCH", ", ".join(wrong)),) if wrong else ()


def _others(level: int, low: int, high: int) -> tuple[int | None, int | None]:
    """Return the other admissible score, and a third one where there is one on either side."""
    if low < level < high:
        return high, low
    other = high if high > level else low
    return (other if other != level else None), None


def _bounds(scene: Scene, segment: Segment) -> tuple[int, int]:
    """Return the lowest and the highest level that all borders together admit."""
    sure = scene.members(segment.system, segment.key, "sure")
    may = scene.members(segment.system, segment.key, "may")
    low = _level(scene, segment, sure, scene.merged, lean=-1, field=-1)
    high = _level(scene, segment, may, scene.same, lean=1, field=1)
    return low, high


def _level(
    scene: Scene, segment: Segment, members: Members, pairs: Pairs, *, lean: int = 0, field: int = 0
) -> int:
    """Level of a segment for some members, pairs that are one, and leanings at the borders."""
    if segment.key == SOFT:
        return _soft_level(scene, segment, members, pairs, lean=lean)
    reach = reach_of(scene, segment, members)
    foci = count_apart(members, pairs)
    seen = Involvement(foci, reach.fraction(lean, field), reach.largest(lean, field))
    return level_of(segment.system, seen, scene.rules, lean)


def _border_flags(
    scene: Scene, segment: Segment, level: int, bounds: tuple[int, int]
) -> tuple[Flag, ...]:
    """Name each border that by itself changes the level, and what both readings give."""
    home = scene.members(segment.system, segment.key)
    tried = {
        "SCORE_FRACTION_BORDER": [
            _level(scene, segment, home, scene.same, lean=lean) for lean in (-1, 1)
        ],
        "SCORE_FOCI_MERGE": [_level(scene, segment, home, scene.merged)],
        "SCORE_LESION_ACROSS": [_with_others(scene, segment, across=True)],
        "SCORE_BONE_OR_SOFT": [
            _with_others(scene, segment, across=False),
            _level(scene, segment, scene.members(segment.system, segment.key, "sure"), scene.same),
        ],
        "SCORE_FIELD_BORDER": [
            _level(scene, segment, home, scene.same, field=field) for field in (-1, 1)
        ],
    }
    flags = [
        Flag(code, _both(segment, [level, *others]))
        for code, others in tried.items()
        if any(other != level for other in others)
    ]
    if not flags and bounds != (level, level):
        flags.append(Flag("SCORE_FRACTION_BORDER", _both(segment, [level, *bounds])))
    return tuple(flags)


def _with_others(scene: Scene, segment: Segment, *, across: bool) -> int:
    """Level with the lesions that may count here, because they lie across or may be of bone."""
    home = set(scene.members(segment.system, segment.key))
    for n in scene.members(segment.system, segment.key, "may") - home:
        of_bone = SOFT not in scene.places[n][segment.system].segments
        if (of_bone and segment.key != SOFT) is across:
            home.add(n)
    return _level(scene, segment, frozenset(home), scene.same)


def _both(segment: Segment, levels: list[int]) -> str:
    return f"{segment.key}: {min(levels)} or {max(levels)}"


def _evidence(
    scene: Scene, segment: Segment, home: Members, reach: Reach, rule: str
) -> tuple[Evidence, ...]:
    """Trace a score to its rule and to each of its lesions."""
    keys = tuple(scene.foci[n].key for n in sorted(home))
    text = rule_of(rule).text
    found = [Evidence(text, keys, min(reach.fraction(), 1.0), segment.label, rule)]
    bones = scene.skeleton.of_segment(segment.system, segment.key)
    for n in sorted(home):
        focus, lie = scene.foci[n], scene.lies[n]
        laps = sorted(laps_of(scene, n, bones).items(), key=lambda one: (-one[1].voxels, one[0]))
        for name, lap in laps:
            of_bone = lap.voxels / scene.skeleton.bones[name].seen_voxels
            said = f"{100 * lap.voxels / focus.voxels:.1f} % of {focus.key} lies on {name}"
            found.append(Evidence(said, (focus.key,), min(of_bone, 1.0), name, rule))
        if not laps:
            said = f"{focus.key} lies beside {lie.nearest}, {lie.distance_mm:.1f} mm away"
            found.append(Evidence(said, (focus.key,), None, lie.nearest, rule))
    return (*found, *_doubtful(scene, segment, home))


def _doubtful(scene: Scene, segment: Segment, home: Members) -> tuple[Evidence, ...]:
    """Name the lesions that do not count here, but may, and why."""
    found = []
    bones = scene.skeleton.of_segment(segment.system, segment.key)
    for n in sorted(scene.members(segment.system, segment.key, "may") - home):
        key, place = scene.foci[n].key, scene.places[n][segment.system]
        parts = [
            f"{100 * lap.voxels / scene.foci[n].voxels:.1f} % of it on {name}"
            for name, lap in laps_of(scene, n, bones).items()
        ]
        said = f"{key} may count here ({', '.join(parts) or place.why})"
        found.append(Evidence(said, (key,), None, segment.label))
    return tuple(found)


def _score_soft(scene: Scene, segment: Segment) -> SegmentByRule:
    """Score soft tissue: by number, and by extent where chest and abdomen were supplied."""
    home = scene.members(segment.system, segment.key)
    level = _soft_level(scene, segment, home, scene.same, lean=0)
    low, high = _bounds(scene, segment)
    flags = list(_border_flags(scene, segment, level, (low, high)))
    curie = segment.system is System.CURIE
    if home and curie and len(scene.skeleton.cavities) < len(CAVITIES):
        flags.append(Flag("SCORE_SOFT_EXTENT_UNKNOWN", "chest or abdomen not supplied"))
    fraction = _soft_fraction(scene, home)
    rule = f"{segment.system}-{level}"
    if curie and level == 3:
        rule = "curie-soft-3"
    elif not curie and level == 1:
        rule = "siopen-soft-1"
    keys = tuple(scene.foci[n].key for n in sorted(home))
    stated = min(fraction, 1.0) if scene.skeleton.cavities else None
    evidence = [Evidence(rule_of(rule).text, keys, stated, segment.label, rule)]
    for n in sorted(home):
        why = scene.places[n][segment.system].why
        evidence.append(Evidence(f"{scene.foci[n].key}: {why}", (scene.foci[n].key,), source=rule))
    evidence += _doubtful(scene, segment, home)
    other, further = _others(level, low, high)
    score = SegmentScore(
        segment.system, SOFT, level, None, "", other, tuple(evidence), tuple(flags), further
    )
    apart = count_apart(home, scene.merged)
    return SegmentByRule(score, low, high, rule, count_apart(home, scene.same), apart, fraction)


def _soft_fraction(scene: Scene, members: Members) -> float:
    """Return the part of chest or of abdomen that soft tissue lesions take; 0 where unknown."""
    fractions = [0.0]
    for cavity in scene.skeleton.cavities.values():
        union = np.zeros(cavity.weights.shape, dtype=np.float32)
        for n in members:
            boxes = common_box(scene.foci[n].region, cavity)
            if boxes is not None:
                mine, its = boxes
                np.maximum(union[its], scene.foci[n].region.weights[mine], out=union[its])
        taken = np.minimum(union, cavity.weights).sum(dtype=np.float64)
        fractions.append(float(taken / cavity.weights.sum(dtype=np.float64)))
    return max(fractions)


def _soft_level(
    scene: Scene, segment: Segment, members: Members, pairs: Pairs, *, lean: int
) -> int:
    """Level of soft tissue: Curie by number or extent, SIOPEN whether there is any."""
    foci = count_apart(members, pairs)
    if segment.system is System.SIOPEN:
        return min(foci, 1)
    half = HALF - lean * scene.rules.half_margin
    return 3 if foci and _soft_fraction(scene, members) > half else min(foci, 2)
