"""The paragraph for a paper: how the numbers of a batch were made, from the records themselves.

Each paragraph speaks of one way of measuring: one protocol, version, modality and unit. Records
made in several ways get several paragraphs, never one that mixes them.
"""

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quant.domain.protocol import Criterion, PeakRule, SphereSettings, StudyProtocol
from quant.domain.record import LESION_ROLES, Status, StudyRecord
from quant.domain.region import RasterRule, Role
from quant.domain.sphere import SphereSource
from quant.domain.text import counted
from quant.domain.units import Unit

WIDTH = 96

CITED = {
    "RATIOS": "Zhou et al. 2025, The prognostic significance of semi-quantitative metabolic "
    "parameters and tumoral metabolic activity based on 123I-MIBG SPECT/CT in pretreatment "
    "neuroblastoma patients, published online 31 March 2025",
    "IBSI": "Zwanenburg et al. 2020, Radiology 295:328, doi:10.1148/radiol.2020191145; "
    "IBSI reference manual, arXiv:1612.07003",
    "MESH": "Lorensen and Cline 1987, doi:10.1145/37402.37422",
    "ASPHERICITY": "Apostolova et al. 2014, BMC Cancer 14:896, doi:10.1186/1471-2407-14-896",
    "AREA": "Lindblad 2005, Image Vis Comput 23:111, doi:10.1016/j.imavis.2004.06.012",
    "PEAK": "Lodge et al. 2012, J Nucl Med 53:1101, doi:10.2967/jnumed.111.101733",
}

ZHOU_RATIOS = ("tmax_lmax", "tmean_lmean", "tmax_lmean", "tmax_mmax", "tmean_mmean")

UNITS = {
    Unit.RELATIVE: "values without a stated unit, which only ratios make comparable",
    Unit.COUNTS: "counts",
    Unit.COUNT_RATE: "counts per second",
    Unit.BQ_PER_ML: "Bq/ml",
}

CRITERIA = {
    Criterion.DEEPEST: "as far as possible from every wall of the organ",
    Criterion.UNIFORM: "where the values vary least",
}

RELAXED = ("SPHERE_EDGE_RELAXED", "SPHERE_LOBE_RELAXED", "SPHERE_NOT_INSIDE")

RULES = {
    RasterRule.FRACTIONAL: "each voxel weighed by the fraction of it inside the region",
    RasterRule.CENTRE: "a voxel counted when its centre lies inside the region",
}


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """What all records of one paragraph share."""

    protocol: str
    protocol_hash: str
    version: str
    modality: str
    unit: str


def methods_text(
    records: Iterable[StudyRecord], protocols: Mapping[str, StudyProtocol] | None = None
) -> str:
    """Write a paragraph, and its references, for each way in which records were made.

    Parameters
    ----------
    records : iterable of StudyRecord
    protocols : mapping of str to StudyProtocol, optional
        Settings by their hash, where they are at hand.

    Returns
    -------
    str
        Ends with a line break. Empty when no record holds a measurement.
    """
    groups: dict[Way, list[StudyRecord]] = defaultdict(list)
    for one in records:
        if one.status is not Status.FAILED:
            version = one.versions.get("spectct-quant", "unknown")
            way = Way(one.protocol_name, one.protocol_hash, version, one.modality, one.unit)
            groups[way].append(one)
    known = protocols or {}
    parts = [_paragraph(way, groups[way], known.get(way.protocol_hash)) for way in sorted(groups)]
    if len(parts) > 1:
        names = (
            "These records were made in several ways, which one sentence cannot describe: a "
            f"paragraph for each of the {len(parts)} ways follows."
        )
        parts.insert(0, textwrap.fill(names, WIDTH))
    return "\n\n".join(parts) + ("\n" if parts else "")


def _paragraph(way: Way, records: list[StudyRecord], protocol: StudyProtocol | None) -> str:
    sentences = [
        _what(way, records),
        _regions(records),
        *_spheres(records, protocol),
        *_uptake(records, protocol),
        *_intervals(records),
        *_shape(records),
        _settings(way, protocol),
    ]
    text = textwrap.fill(" ".join(one for one in sentences if one), WIDTH)
    cited = [f"  {CITED[key]}" for key in _citations(records)]
    return "\n".join([text, "References:", *cited]) if cited else text


def _names(records: list[StudyRecord]) -> set[str]:
    return {m.name for one in records for m in one.measurements if m.value is not None}


def _what(way: Way, records: list[StudyRecord]) -> str:
    nuclides = sorted({one.radionuclide for one in records} - {""})
    of = f" of {' and '.join(nuclides)}" if nuclides else ""
    kind = {"NM": "SPECT reconstruction", "PT": "PET series"}.get(way.modality, way.modality)
    amount = f"{len(records)} {kind}" + (
        "s" if len(records) != 1 and not kind.endswith("s") else ""
    )
    unit = UNITS.get(Unit(way.unit), way.unit) if way.unit in list(Unit) else way.unit
    return (
        f"Uptake and shape were measured on {amount}{of} with spectct-quant {way.version}, in "
        f"{unit}."
    )


def _regions(records: list[StudyRecord]) -> str:
    drawn = [r for one in records for r in one.regions if r.role in LESION_ROLES]
    if not drawn:
        return "No tumour or lesion region was supplied."
    roles = Counter(region.role for region in drawn)
    amounts = " and ".join(
        counted(roles[role], f"{role} region") for role in LESION_ROLES if roles[role]
    )
    sources = ", ".join(sorted({region.source for region in drawn}))
    rules = sorted({region.rule for region in drawn})
    how = " or ".join(RULES[RasterRule(rule)] for rule in rules)
    verb = "was" if len(drawn) == 1 else "were"
    return (
        f"The {amounts} ({sources}) {verb} supplied and laid on the unchanged emission grid, {how}."
    )


def _spheres(records: list[StudyRecord], protocol: StudyProtocol | None) -> list[str]:
    """Say the rule of the reference spheres, and how they came to lie in these records."""
    placed = [sphere for one in records for sphere in one.spheres]
    if not placed:
        return ["No reference sphere was placed."]
    sentences = []
    for role, where in (
        (Role.LIVER, "in the right lobe of the liver"),
        (Role.MUSCLE_LEFT, "in the muscle on each side of vertebra L2"),
    ):
        mine = [one for one in placed if one.role is role]
        if not mine:
            continue
        volumes = sorted({round(4.18879 * one.radius_mm**3 / 1000.0, 1) for one in mine})
        span = f"{volumes[0]:g}" if len(volumes) == 1 else f"{volumes[0]:g} to {volumes[-1]:g}"
        rule = _rule(protocol, role, {one.source for one in mine})
        kind = "A sphere" if role is Role.LIVER else "Spheres"
        verb = "was" if role is Role.LIVER else "were"
        sentences.append(f"{kind} of {span} ml {where} {verb} {rule}.")
    marked = sum(one.source is SphereSource.MARKED for one in placed)
    smaller = sum(one.source is SphereSource.ADAPTIVE for one in placed)
    if marked:
        sentences.append(f"Of {len(placed)} spheres, {marked} had their centre marked by hand.")
    if smaller:
        sentences.append(f"Of {len(placed)} spheres, {smaller} were made smaller to fit.")
    relaxed = sum(any(flag.code in RELAXED for flag in one.flags) for one in records)
    if relaxed:
        sentences.append(
            f"In {relaxed} of {len(records)} volumes a rule of placement had to be waived, which "
            "is flagged."
        )
    return sentences


def _rule(protocol: StudyProtocol | None, role: Role, sources: set[SphereSource]) -> str:
    if sources == {SphereSource.MARKED}:
        return "centred on points marked by hand"
    if protocol is None:
        return "placed by the protocol's rule"
    settings: SphereSettings = (
        protocol.liver_sphere if role is Role.LIVER else protocol.muscle_sphere
    )
    muscle = {"autochthon": "erector spinae", "psoas": "psoas"}[protocol.regions.muscle]
    of = "" if role is Role.LIVER else f" ({muscle})"
    edge = (
        f", at least {settings.edge_distance_mm:g} mm from the organ's edge"
        if settings.edge_distance_mm
        else ""
    )
    return (
        f"placed without a reader{of}: wholly inside the organ{edge} and at least "
        f"{settings.lesion_distance_mm:g} mm from tumours, lesions and excluded regions, "
        f"{CRITERIA[settings.criterion]}"
    )


def _uptake(records: list[StudyRecord], protocol: StudyProtocol | None) -> list[str]:
    names = _names(records)
    sentences = []
    if "tumour_max" in names:
        sentences.append("Tmax is the largest value of voxels at least half inside the region.")
    if "tumour_mean" in names:
        sentences.append("Tmean is the weighted mean.")
    if "tumour_peak" in names:
        size = protocol.uptake.peak_volume_ml if protocol else 1.0
        is_whole = protocol is not None and protocol.uptake.peak_rule is PeakRule.CENTRES
        of = "voxel centres inside" if is_whole else "voxels by the fraction inside"
        sentences.append(f"Tpeak is the highest mean in a {size:g} ml sphere ({of}).")
    ratios = [name for name in (*ZHOU_RATIOS, "tpeak_lmean") if name in names]
    if ratios:
        others = " all but Tpeak/Lmean" if ratios[-1] == "tpeak_lmean" else ""
        shown = ", ".join("/".join(part.capitalize() for part in one.split("_")) for one in ratios)
        sentences.append(
            f"Ratios ({shown}) divide by the maximum or the mean of the liver sphere (L) or by the "
            f"average of the two muscle spheres (M),{others} as in Zhou et al. 2025."
        )
    return sentences


def _intervals(records: list[StudyRecord]) -> list[str]:
    rows = [m for one in records for m in one.measurements if m.interval is not None]
    places = {m.interval.covers.split(" of ")[0] for m in rows
              if m.interval and "reference positions" in m.interval.covers}  # fmt: skip
    sentences = []
    if places:
        part = " or ".join(sorted(places)).replace("%", " %").replace("  ", " ")
        sentences.append(
            f"Intervals of ratios hold the central {part} of the values over all admissible "
            "positions of the reference sphere: they tell how much a ratio depends on the "
            "placement, are no confidence intervals, and know nothing of counting noise."
        )
    if any(m.name.endswith("_noise") for m in rows):
        sentences.append(
            "Intervals under counting noise were made by a bootstrap of the noise found in the "
            "liver sphere."
        )
    return sentences


def _shape(records: list[StudyRecord]) -> list[str]:
    names = _names(records)
    sentences = []
    if "asphericity" in names:
        sentences.append(
            "Asphericity is (S^3/(36 pi V^2))^(1/3) - 1, a fraction, with surface S and volume V "
            "of one closed mesh (IBSI 25C7: marching cubes at 0.5 of the zero-padded binary "
            "region)."
        )
    if "asphericity_floor" in names:
        sentences.append(
            "Beside it stands its floor, the same estimator's value for a digital sphere of the "
            "same size on the same grid."
        )
    if "asphericity_corrected" in names:
        sentences.append(
            "The corrected asphericity takes the area from planes fitted to the weights and the "
            "volume from the voxels."
        )
    small = sum(one.verdict.code == "ASP_UNRELIABLE" for r in records for one in r.passports)
    total = sum(len(one.passports) for one in records)
    if small:
        sentences.append(f"Regions flagged as too small for their shape: {small} of {total}.")
    return sentences


def _settings(way: Way, protocol: StudyProtocol | None) -> str:
    at_hand = "" if protocol else " (its settings are not at hand, only those in the records)"
    about = f" ({protocol.description})" if protocol and protocol.description else ""
    return (
        f"All settings are those of protocol {way.protocol!r}{about}, SHA-256 "
        f"{way.protocol_hash[:16]}{at_hand}."
    )


def _citations(records: list[StudyRecord]) -> list[str]:
    names = _names(records)
    cited = ["RATIOS"] if names & set(ZHOU_RATIOS) else []
    if names & {"asphericity", "tumour_peak"}:
        cited.append("IBSI")
    if "asphericity" in names:
        cited += ["MESH", "ASPHERICITY"]
    if "asphericity_corrected" in names:
        cited.append("AREA")
    if "tumour_peak" in names:
        cited.append("PEAK")
    return cited
