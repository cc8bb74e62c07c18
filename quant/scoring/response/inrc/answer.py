"""Tables and evidence of INRC answers, and their names in the INRG data commons."""

from collections.abc import Mapping

from quant.scoring.response.answers import Response
from quant.scoring.response.inrc.disease_table import BoneMethod, Disease
from quant.scoring.response.inrc.rules import Finding
from quant.scoring.response.inrc.time_points import InrcAnswer, InrcPoint
from quant.scoring.response.recist.answer import Cell, number

INRG_TERMS: Mapping[Response, str] = {
    Response.CR: "INRC Park 2017, Complete Response",
    Response.PR: "INRC Park 2017, Partial Response",
    Response.MR: "INRC Park 2017, Minor Response",
    Response.MD: "INRC Park 2017, Minimal Disease",
    Response.SD: "INRC Park 2017, Stable Disease",
    Response.PD: "INRC Park 2017, Progressive Disease",
    Response.NE: "Not Evaluable",
    Response.NI: "Not Involved",
}
"""Permissible values of RESPONSE in the INRG data dictionary (nbl 1.2)."""

INRG_SCORES: Mapping[BoneMethod | None, str] = {
    BoneMethod.CURIE: "MIBG Curie Score",
    BoneMethod.SIOPEN: "MIBG SIOPEN Score",
}
"""Values of MIBG_SCORE_TYPE; the SIOPEN one was read in the dictionary, the other is unverified."""


ANSWERS = (
    "relative_score", "primary_sum_mm", "soft_tissue_sum_mm", "primary_response",
    "soft_tissue_response", "bone_response", "metastatic_response", "marrow_response",
    "overall_response", "overall_possible", "flags",
)  # fmt: skip
"""Columns of ``inrc.csv`` that are empty at the baseline."""


def inrc_rows(answer: InrcAnswer) -> list[dict[str, Cell]]:
    """Rows of ``inrc.csv``: the baseline and every time point after it."""
    first = answer.visits[0]
    rows: list[dict[str, Cell]] = [
        {"patient": answer.patient, "time_point": first.label, "date": _date(first.date), "day": 0,
         "stage": "baseline", **_disease(first.disease), **dict.fromkeys(ANSWERS)}
    ]  # fmt: skip
    for point in answer.points:
        visit = point.visit
        found: dict[str, Cell] = {
            "patient": answer.patient,
            "time_point": visit.label,
            "date": _date(visit.date),
            "day": visit.day,
            "stage": "after progression" if point.after_progression else "on study",
            **_disease(visit.disease),
            "relative_score": number(point.relative_score),
            "primary_sum_mm": number(point.primary_mm),
            "soft_tissue_sum_mm": number(point.soft_mm),
        }
        for name, finding in findings(point).items():
            found[f"{name}_response"] = finding.response
        found["overall_possible"] = possible_text(point.overall)
        found["flags"] = ";".join(sorted(point.notes.flags))
        rows.append(found)
    return rows


def findings(point: InrcPoint) -> dict[str, Finding]:
    """Return the findings by name: components, their parts, and the overall response."""
    return {
        "primary": point.primary,
        "soft_tissue": point.soft,
        "bone": point.bone,
        "metastatic": point.metastatic,
        "marrow": point.marrow,
        "overall": point.overall,
    }


def possible_text(finding: Finding) -> str:
    """All possible responses, from better to worse, joined by a bar."""
    return "|".join(str(one) for one in Response if one in finding.possible)


def _disease(row: Disease | None) -> dict[str, Cell]:
    return {
        "bone_method": row.method if row else None,
        "bone_modality": row.modality if row else None,
        "bone_score": number(row.bone_score) if row else None,
        "marrow_percent": number(row.marrow_percent) if row else None,
    }


def _date(value: object) -> str | None:
    return str(value) if value is not None else None


def inrc_best_row(answer: InrcAnswer) -> dict[str, Cell]:
    """Row of ``inrc_best.csv``: one for each patient, as ``quant cohort`` reads it."""
    day = answer.progression_day
    known = [one.visit.day for one in answer.points if one.overall.response is not Response.NE]
    return {
        "patient": answer.patient,
        "best_overall_response": answer.best,
        "progressed": int(day is not None),
        "progression_days": day if day is not None else max(known, default=0),
        "time_points": len(answer.points),
        "flags": ";".join(sorted({code for one in answer.points for code in one.notes.flags})),
    }


def inrg_rows(answer: InrcAnswer) -> list[dict[str, Cell]]:
    """Rows of ``inrc_inrg.csv``: responses under the names of the INRG data dictionary."""
    rows: list[dict[str, Cell]] = []
    for point in answer.points:
        named = {
            "Overall Response": point.overall,
            "Primary Site Response": point.primary,
            "Metastatic Soft Tissue and Bone Response": point.metastatic,
            "Bone Marrow Response": point.marrow,
        }
        disease = point.visit.disease
        method = disease.method if disease else None
        for category, finding in named.items():
            rows.append({
                "patient": answer.patient,
                "time_point": point.visit.label,
                "day": point.visit.day,
                "RESPONSE_CATEGORY": category,
                "RESPONSE": INRG_TERMS[finding.response],
                "MIBG_SCORE_TYPE": INRG_SCORES.get(method),
                "MIBG_SCORE": number(disease.bone_score)
                if disease and method in INRG_SCORES else None,
            })  # fmt: skip
    return rows


def evidence_of(answer: InrcAnswer) -> dict[str, object]:
    """Everything behind the answer, as JSON holds it."""
    points: list[dict[str, object]] = []
    for point in answer.points:
        visit = point.visit
        rows = [one.row for one in visit.lesions.rows.values()] if visit.lesions else []
        points.append({
            "time_point": visit.label,
            "date": _date(visit.date),
            "day": visit.day,
            "after_progression": point.after_progression,
            "responses": {
                name: {"response": one.response, "possible": possible_text(one)}
                for name, one in findings(point).items()
            },
            "relative_score": number(point.relative_score),
            "derivation": point.notes.as_list(),
            "flags": dict(point.notes.flags),
            "lesion_rows": rows,
            "disease_row": visit.disease.row if visit.disease else None,
        })  # fmt: skip
    return {
        "patient": answer.patient,
        "criteria": "INRC 2017",
        "baseline": answer.visits[0].when,
        "time_points": points,
        "summary": inrc_best_row(answer),
    }
