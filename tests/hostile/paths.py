"""Goal 15: names that lead elsewhere; nothing outside the output folder may be made or changed."""

import hashlib
import os
import re
import warnings
from pathlib import Path

from pydicom.dataset import Dataset

from tests.soak.figures import Figure, figure
from tests.support.dicom_builder import changed
from tests.support.fuzzing import FAST, in_memory, measured_here, renamed
from tests.support.seeds import edited, file_bytes, study_files, tumour
from tests.support.zips import zip_bytes

NAMES = (
    "..", "../x", "../../../../../../tmp/quant-escaped",
    "/quant-escaped", "/", "//x//y", ".", "./x",
    "a/../../b", "..\\..\\x", "C:\\x", "C:x", "\\\\server\\share", "%2e%2e%2fx", "..%00/x", "x\0y",
    "CON", "con.csv", "NUL", "aux.json", "COM1", "LPT1.txt", "x.", "x ", " x", "~", "~root/x",
    "$HOME/x", "`id`", "$(id)", "-rf", "--help", "x" * 250, "\u00e9", "e\u0301", "\u2025/\u2025",
    "\uff0e\uff0e\uff0fx", "studies.csv", "records", "ledger.sqlite", "studies/../../x",
    ":x", "x:y",
    "*?<>|\"", "\u0000\u0001", "file:///etc/passwd", "..;/x", ".part", "run.json/x",
)  # fmt: skip
"""Names for studies, files, folders, regions, members of archives and protocols."""

OURS = re.compile(
    r"\.lock(\.owner)?|run\.(json|log\.jsonl)|ledger\.sqlite(-wal|-shm)?|[a-z]{4,12}\.(csv|parquet)|"
    r"[a-z]{4,12}|[0-9a-f]{32}(\.(json|html|js))?|[a-z_]{2,20}\.(json|html|js|css|stl|ply|webp|dcm|nii\.gz|npz)|"
    r"(LICENSES?-)?[a-z]+(\.[a-z]+)?\.(txt|js|css)"
)
"""What a part of a path in an output folder may be called: plain words and our own hashes."""

THEIRS = {part for name in NAMES for part in re.split(r"[/\\\0]", name)} - {
    "records", "studies.csv", "ledger.sqlite", "run.json", "studies"
}  # fmt: skip
"""Parts of the names above that are not ours."""


def write_case(folder: Path, name: str, number: int) -> None:
    """Write a study whose region bears a name, and copies whose UIDs, file and archive do."""
    part = re.sub(r"[/\0]", "_", name)[:200]
    case = folder / f"{number} {part}"
    case.mkdir(parents=True)
    whole = {key: renamed(content, number) for key, content in study_files().items()}
    region = changed(tumour(f"{name} tumour"), SpecificCharacterSet="ISO_IR 192")
    whole["rtstruct"] = renamed(file_bytes(region), number)
    for key, content in whole.items():
        if key != "nm" or number % 4 == 0:  # one in four is measured, the others only read
            (case / f"{key} {part}").write_bytes(content)

    uid = name.encode("ascii", "replace").decode()

    def lead_out(data: Dataset) -> None:
        changed(data, StudyInstanceUID=uid, SeriesInstanceUID=uid, SOPInstanceUID="1.2.3.4")

    hostile = edited("nm", lead_out)
    (folder / f"uid{number}.dcm").write_bytes(hostile)
    zip_bytes(folder / f"{number}.zip", {name or "x": hostile})


Snapshot = dict[str, tuple[object, ...]]


def snapshot(folder: Path) -> Snapshot:
    """Return what a tree holds: kinds, sizes, times of change, contents and where links lead."""
    found: Snapshot = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        info = path.lstat()
        content = ""
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path)] = info.st_mode, info.st_mtime_ns, info.st_nlink, content
    return found


def strange(out: Path) -> list[str]:
    """List what lies in an output folder under a name that is not ours."""
    return [
        str(path.relative_to(out))
        for path in sorted(out.rglob("*"))
        if path.is_symlink() or path.name in THEIRS or not OURS.fullmatch(path.name)
    ]


def paths(points: int, seed: int) -> list[Figure]:
    """Measure so many names in one batch; later seeds combine them."""
    import tempfile

    with (
        figure("names that lead elsewhere: nothing outside OUT") as row,
        tempfile.TemporaryDirectory(dir=in_memory()) as base,
    ):
        root = Path(base)
        (root / "work").mkdir()
        (root / "fast.toml").write_text(FAST)
        names = [*NAMES, *(f"{a}/{b}" for a in NAMES for b in NAMES)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pydicom, which writes them all the same
            for number, name in enumerate(names[:points], start=1 + seed * 100_000):
                write_case(root / "in", name, number)
        before = snapshot(root)
        here = Path.cwd()
        os.chdir(root / "work")
        try:
            status = measured_here(root / "in", root / "out", str(root / "fast.toml"))
        finally:
            os.chdir(here)
        after = {key: value for key, value in snapshot(root).items() if f"{root}/out" not in key}
        row.check(status == 1, f"status {status}")
        after.pop(str(root))
        before.pop(str(root))
        for key in sorted(before.keys() | after.keys()):
            row.check(before.get(key) == after.get(key), f"changed: {key}")
        for key in strange(root / "out"):
            row.check(right=False, otherwise=f"a name that is not ours: {key}")
        row.notes = f"{points} names, {len(list((root / 'out').rglob('*')))} files written"
    return [row]
