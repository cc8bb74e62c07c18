"""Write phantom studies of a kind into a folder, with one ``truth.json`` beside them."""

import json
from collections.abc import Callable
from pathlib import Path

from quant.errors import UsageError
from quant.phantom.kinds import PhantomKind
from quant.phantom.scene import Truth

Writer = Callable[[Path, int], Truth]
"""Writes one study into a folder for a seed and returns its truth."""

MAXIMUM_SEED = 2**63 - 1


def write_phantom(
    out: Path, kind: PhantomKind, seed: int, say: Callable[[str], object] | None = None
) -> tuple[Path, ...]:
    """Write every study of a kind.

    Parameters
    ----------
    out : Path
        Gets one folder a study and ``truth.json``. Other files there are left alone.
    kind : PhantomKind
    seed : int
        Same seed, same bytes.
    say : callable or None
        Told in a line what was written.

    Returns
    -------
    tuple of Path
        The study folders and ``truth.json``.

    Raises
    ------
    UsageError
        ``USAGE`` when a study's folder already holds files, or the seed is out of range.
    """
    if not 0 <= seed <= MAXIMUM_SEED:
        raise UsageError("USAGE", "The seed is out of range.", found=str(seed), needed="0 or more")
    writers = _writers(kind)
    for name in writers:
        _require_free(out / name)
    truths, paths = [], []
    for name, writer in writers.items():
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        truths.append(writer(folder, seed))
        paths.append(folder)
        if say is not None:
            files = [path for path in folder.rglob("*") if path.is_file()]
            size = sum(path.stat().st_size for path in files) / 1e6
            say(f"wrote {folder}: {len(files)} files, {size:.1f} MB")
    paths.append(_write_truth(out, kind, seed, truths))
    if say is not None:
        say(f"wrote {paths[-1]}")
    return tuple(paths)


def _writers(kind: PhantomKind) -> dict[str, Writer]:
    """Return the studies of a kind: folder name and how to write it."""
    if kind is PhantomKind.SOLIDS:
        from quant.phantom.solid_studies import SolidCase, solid_cases, write_solid_study

        def writer_of(case: SolidCase) -> Writer:
            return lambda folder, seed: write_solid_study(folder, case, seed)

        return {case.name: writer_of(case) for case in solid_cases()}
    if kind is PhantomKind.NEMA:
        from quant.phantom.nema import write_nema_blurred, write_nema_sharp

        return {"nema_sharp": write_nema_sharp, "nema_blurred": write_nema_blurred}
    if kind is PhantomKind.SKELETON:
        from quant.phantom.skeleton.studies import (
            SkeletonCase,
            skeleton_cases,
            write_skeleton_study,
        )

        def skeleton_writer(case: SkeletonCase) -> Writer:
            return lambda folder, seed: write_skeleton_study(folder, case, seed)

        return {case.name: skeleton_writer(case) for case in skeleton_cases()}
    from quant.phantom.torso import write_torso_study

    return {"torso": write_torso_study}


def _require_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "USAGE",
            "The phantom would be mixed with files that are already there.",
            found=f"files in {folder}",
            needed="an empty or a new folder",
            next_step="choose another folder, or remove that one",
        )


def _write_truth(out: Path, kind: PhantomKind, seed: int, truths: list[Truth]) -> Path:
    document = {
        "simulated": True,
        "note": "Simulated data with known truth. Not a patient.",
        "kind": kind.value,
        "seed": seed,
        "axes": "LPS, mm",
        "uptake_unit": "relative, or Bq/ml for nema",
        "studies": truths,
    }
    path = out / "truth.json"
    path.write_text(json.dumps(_rounded(document), indent=2) + "\n", encoding="utf-8", newline="\n")
    return path


def _rounded(value: object) -> object:
    """Keep nine significant digits of every number: the last bits differ between machines."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.9g}")
    return value
