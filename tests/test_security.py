"""What we depend on is assessed, and nothing that comes from a file is executed."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from docs import sbom

ROOT = Path(__file__).resolve().parents[1]

SOURCES = sorted([*(ROOT / "quant").rglob("*.py"), *(ROOT / "kernels").rglob("*.py")])

LEAST = {
    "pydicom": "3.0.2", "pynetdicom": "3.0.4", "jinja2": "3.1.6", "pillow": "11.3", "numpy": "2.2",
    "pyarrow": "18", "tornado": "6.5", "requests": "2.32.4", "urllib3": "2.5",
}  # fmt: skip
"""Versions below which something is known."""

UNPICKLES_ITS_OWN = {
    "quant/pipeline/cage/worker.py": "tasks from the process that started it, over its own pipe",
    "quant/pipeline/engines/remote.py": "jobs from the scheduler that the user named",
    "kernels/quant_kernels/_cache.py": "compiled kernels in the user's own folder, with a checksum",
}
"""The only places where something is unpickled, and whose it is."""


def pinned() -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        requirement = Requirement(line)
        found.setdefault(sbom.normal(requirement.name), []).append(requirement)
    return found


def version_of(requirement: Requirement) -> Version:
    (one,) = requirement.specifier
    assert one.operator == "=="
    return Version(one.version)


def table() -> list[list[str]]:
    """Return the rows of findings."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.partition("## Known findings")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("name", sorted(LEAST))
def test_no_pinned_version_lies_below_a_known_fix(name: str) -> None:
    assert min(version_of(one) for one in pinned()[name]) >= Version(LEAST[name])


def test_the_project_itself_asks_for_the_fixed_reader() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {Requirement(text).name: Requirement(text) for text in project["dependencies"]}

    assert not wanted["pydicom"].specifier.contains("3.0.1")
    assert not wanted["Jinja2"].specifier.contains("3.1.4")
    assert "pynetdicom>=3.0.4" in project["optional-dependencies"]["net"]


def test_every_known_finding_is_assessed_for_the_pinned_version() -> None:
    rows = table()

    assert len(rows) >= 12
    for package, _, fixed, stated, verdict, why in rows:
        here = {version_of(one) for one in pinned()[sbom.normal(package)]}
        assert Version(stated) in here, f"{package}: assessed for {stated}, pinned {here}"
        assert verdict in ("not affected", "defended"), package
        assert len(why) > 10, package
        if fixed != "-":
            assert min(here) >= Version(fixed), package


def test_the_decoder_in_use_is_the_one_that_was_assessed() -> None:
    from openjpeg.utils import get_openjpeg_version

    (row,) = [row for row in table() if "CVE-2025-54874" in row[1]]
    bundled = ".".join(map(str, get_openjpeg_version()))

    assert f"it holds {bundled}" in row[1]
    assert (Version(bundled) <= Version("2.5.3")) == (row[4] == "defended")


def calls(path: Path) -> Iterator[tuple[str, ast.Call, int]]:
    """Yield every call of a module: dotted name, node, line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node, node.lineno


def imports(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{one.name}" for one in node.names)


RUNS_CODE = re.compile(
    r"(builtins\.)?(eval|exec|compile|__import__)|os\.(system|popen|exec\w*|spawn\w*)|"
    r"yaml\.(load|unsafe_load|full_load)|(joblib|torch|dill|shelve|marshal)\.(load|loads|open)|"
    r"(pd|pandas)\.(read_pickle|eval)|.*\.(extractall|read_pickle)|pty\.spawn"
)
UNPICKLING = re.compile(r"(pickle|cloudpickle|_pickle)\.(loads?|Unpickler)|Unpickler")
FOREIGN_READERS = re.compile(
    r".*\.(ImageFileReader|ImageSeriesReader|GetGDCMSeriesFileNames|GetGDCMSeriesIDs)|(sitk|SimpleITK)\.ReadImage|"
    r"(PIL\.)?Image\.open|gdcm\.\w+|.*\bFileSet|.*read_dicomdir"
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_executes_or_unpickles_what_comes_from_a_file(path: Path) -> None:
    where = str(path.relative_to(ROOT))
    for name, node, line in calls(path):
        assert not RUNS_CODE.fullmatch(name), f"{where}:{line}: {name}"
        assert not FOREIGN_READERS.fullmatch(name), f"{where}:{line}: {name}"
        assert where in UNPICKLES_ITS_OWN or not UNPICKLING.fullmatch(name), f"{where}:{line}"
        keywords = {one.arg: ast.unparse(one.value) for one in node.keywords}
        assert keywords.get("shell", "False") == "False", f"{where}:{line}: a shell"
        assert keywords.get("allow_pickle", "False") == "False", f"{where}:{line}: pickles"
        if re.fullmatch(r"(np|numpy)\.load", name):
            assert keywords.get("allow_pickle") == "False", f"{where}:{line}: say so"
    banned = ("yaml", "dill", "shelve", "marshal", "telnetlib", "ftplib", "pydicom.fileset")
    assert not [one for one in imports(path) if one.startswith(banned)], where
    assert not [one for one in imports(path) if one.partition(".")[0] == "SimpleITK"], where


def test_the_search_for_dangerous_calls_finds_them(tmp_path: Path) -> None:
    lines = (
        "eval(x)", "os.system(x)", "yaml.load(x)", "sitk.ReadImage(x)", "pickle.load(x)",
        "reader.ImageSeriesReader()", "pickle.Unpickler(x)", "archive.extractall()",
        "Image.open(x)",
    )  # fmt: skip
    for line in lines:
        (tmp_path / "a.py").write_text(line)
        ((name, _, _),) = calls(tmp_path / "a.py")
        patterns = (RUNS_CODE, FOREIGN_READERS, UNPICKLING)
        assert any(one.fullmatch(name) for one in patterns), line


def test_the_bill_of_materials_lists_what_is_installed_and_stays_the_same() -> None:
    bill = sbom.bill(("dicom",))
    parts = {part["name"]: part for part in bill["components"]}

    assert bill == sbom.bill(("dicom",))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    for name in ("pydicom", "numpy", "numba", "pillow", "pylibjpeg-openjpeg", "highdicom"):
        assert parts[name]["version"] == version(name)
        assert parts[name]["purl"] == f"pkg:pypi/{name}@{version(name)}"
        assert parts[name]["licenses"]
    refs = {part["bom-ref"] for part in bill["components"]} | {
        bill["metadata"]["component"]["bom-ref"]
    }
    inside = {part["bom-ref"] for part in parts["@niivue/niivue"]["components"]}
    assert {one["ref"] for one in bill["dependencies"]} == refs
    assert all(set(one["dependsOn"]) <= refs | inside for one in bill["dependencies"])


def test_the_bill_of_materials_lists_the_viewer_in_the_package_as_its_notes_do() -> None:
    vendor = Path(sbom.__file__).parents[1] / "quant" / "report" / "site" / "vendor"
    notes = (vendor / "README.md").read_text(encoding="utf-8")
    licences = (vendor / "LICENSES-bundled.txt").read_text(encoding="utf-8")
    viewer = sbom.bill()["components"][-1]

    assert viewer["purl"] == "pkg:npm/%40niivue/niivue@0.69.0"
    assert f"@niivue/niivue@{viewer['version']}" in notes
    assert viewer["licenses"] == [{"license": {"id": "BSD-2-Clause"}}]
    assert f"`{viewer['hashes'][0]['content']}`" in notes
    headings = [
        f"{one['name'].lstrip('@').replace('/', '-')}-{one['version']}"
        for one in viewer["components"]
    ]
    assert sorted(headings) == sorted(re.findall(r"^=+\n(\S+)\n=+$", licences, re.MULTILINE))


def test_the_licence_of_the_distribution_names_every_licence_of_its_parts() -> None:
    viewer = sbom.viewer()
    parts = {one["licenses"][0]["license"]["id"] for one in (viewer, *viewer["components"])}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["license"].split(" AND ") == sorted(parts | {"Apache-2.0", "BSD-3-Clause"})
    kept = {path for pattern in project["license-files"] for path in ROOT.glob(pattern)}
    told = (path for root in ("quant", "kernels") for path in (ROOT / root).rglob("LICENSE*"))
    assert kept == {ROOT / "LICENSE", *told}


def test_every_needed_distribution_is_pinned() -> None:
    found, _ = sbom.closure(("dicom", "cluster", "stats"))

    assert sorted(set(found) - set(pinned()) - {sbom.ENGINE}) == []
