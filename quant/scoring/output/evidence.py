"""The evidence of a run as JSON: every number with what it rests on; no clock, no path."""

import dataclasses
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from quant.domain.flags import CODES, Flag
from quant.scoring.analysis.cutoffs import CutoffResult, directions
from quant.scoring.readings.order import by_patient, time_points
from quant.scoring.readings.segments import LEVELS, SEGMENTS, System, maximum_of, segment_of
from quant.version import VERSION

if TYPE_CHECKING:
    from quant.scoring.analysis.relative import RelativeScore
    from quant.scoring.readings.totals import Reading
    from quant.scoring.results import ScoreResults

Json = object


def evidence_json(results: "ScoreResults") -> str:
    """Write all evidence, a patient or a comparison a line; the same results, the same bytes."""
    parts = [f"{_compact(name)}: {_lines(one)}" for name, one in evidence_of(results).items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(value: Json) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_compact, value)) + "\n]"
    return _compact(value)


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def evidence_of(results: "ScoreResults") -> dict[str, Json]:
    """Return all evidence: definitions, patients with their readings, comparisons, response."""
    systems = sorted({one.system for one in results.readings}, key=list(System).index)
    found: dict[str, Json] = {
        "engine": {"name": "spectct-quant", "version": VERSION},
        "inputs": dict(sorted(results.inputs.items())),
        "settings": {
            "baseline": results.settings.baseline,
            "missing": str(results.settings.missing),
            "cutoffs": results.settings.cutoffs.name,
            "lesions": plain_json(results.settings.lesions),
        },
        "systems": {str(one): _definition(one) for one in systems},
        "patients": _patients(results),
        "comparisons": [plain_json(one) for one in results.comparisons],
        "agreement": [plain_json(one) for one in results.agreement],
        "directions_of_uptake": [plain_json(one) for one in directions()],
    }
    if results.response is not None:
        found["response"] = results.response.evidence()
    if results.spatial:
        found["lesions_in_3d"] = [
            {"patient": patient, "time_point": time, "scores": plain_json(scores)}
            for (patient, time), scores in sorted(results.spatial.items())
        ]
    if results.failed:
        found["not_scored"] = [plain_json(one) for one in results.failed]
    found["codes"] = _meanings(found)
    return found


def plain_json(value: object) -> Json:
    """Turn dataclasses, enums, mappings and tuples into what JSON holds."""
    if isinstance(value, Flag):
        return {"code": value.code, "severity": str(value.severity), "detail": value.detail}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain_json(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain_json(one) for key, one in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        ordered = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [plain_json(one) for one in ordered]
    return str(value) if isinstance(value, StrEnum) else _number_or_text(value)


def _number_or_text(value: object) -> Json:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    item = getattr(value, "tolist", None)  # numbers and arrays of numpy
    return item() if item else str(value)


def _definition(system: System) -> dict[str, Json]:
    return {
        "maximum": maximum_of(system),
        "levels": {str(level): text for level, text in enumerate(LEVELS[system])},
        "segments": {
            one.key: {"label": one.label, "maximum": one.maximum, "in_total": one.in_total}
            for one in SEGMENTS[system]
        },
    }


def _patients(results: "ScoreResults") -> list[Json]:
    relative = {(one.reading.key, one.reading.system): one for one in results.relative}
    cutoffs: dict[object, list[CutoffResult]] = {}
    for answer in results.cutoffs:
        cutoffs.setdefault((answer.reading.key, answer.reading.system), []).append(answer)
    found: list[Json] = []
    for patient, group in by_patient(results.readings).items():
        rule, times = time_points(group)
        found.append(
            {
                "patient": patient,
                "time_points": times,
                "ordered": str(rule),
                "readings": [
                    _reading(
                        one,
                        relative.get((one.key, one.system)),
                        cutoffs.get((one.key, one.system), []),
                    )
                    for one in group
                ],
            }
        )
    return found


def _reading(
    one: "Reading", relative: "RelativeScore | None", cutoffs: list[CutoffResult]
) -> dict[str, Json]:
    key = one.key
    total = plain_json(one.total)
    return {
        "time_point": key.time,
        "day": one.day,
        "modality": str(key.modality),
        "nuclide": key.nuclide,
        "phase": str(key.phase),
        "reader": key.reader,
        "system": str(one.system),
        "source": one.source,
        "total": total,
        "segments": [
            {
                "segment": score.segment,
                "label": segment_of(one.system, score.segment).label,
                **{
                    name: plain_json(getattr(score, name))
                    for name in (
                        "score", "alternative", "in_field", "reason", "evidence", "flags",
                    )
                },
            }
            for score in one.segments
        ],
        "relative": None if relative is None else _relative(relative),
        "cutoffs": [
            {
                "cutoff": answer.cutoff.name,
                "condition": answer.cutoff.condition,
                "answer": str(answer.answer),
                "why": answer.why,
                "endpoint": answer.cutoff.endpoint,
                "worse": answer.cutoff.worse,
                "source": answer.cutoff.source,
                "verified": answer.cutoff.verified,
            }
            for answer in cutoffs
        ],
    }  # fmt: skip


def _relative(one: "RelativeScore") -> dict[str, Json]:
    return {
        "baseline": one.baseline.key.time if one.baseline else None,
        "value": one.value,
        "now": one.now,
        "then": one.then,
        "segments": list(one.segments),
        "left_out": list(one.left_out),
        "flags": plain_json(one.flags),
    }


def _meanings(found: Json) -> dict[str, Json]:
    """Meaning and remedy of every code that stands anywhere in the evidence."""
    text = json.dumps(found, allow_nan=False)
    return {
        code: {"meaning": info.sentence, "what_to_do": info.action}
        for code, info in sorted(CODES.items())
        if f'"{code}"' in text
    }
