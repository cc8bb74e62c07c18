"""Print the bill of materials of an installation, as CycloneDX 1.5 JSON.

``.venv/bin/python docs/sbom.py [--extra dicom ...] > sbom.json`` lists this engine and every
distribution that it needs here, with version, licence, package URL, what needs what, and a digest
of the installed files; and the viewer that lies in the engine's own package, with what is built
into it. It reads what is installed and asks nobody; the same installation gives the same bytes.
"""

import argparse
import hashlib
import json
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.resources import files
from typing import Any

from packaging.requirements import Requirement

ENGINE = "spectct-quant"

VIEWER = ("@niivue/niivue", "0.69.0", "BSD-2-Clause")
VIEWER_FILE = "niivue.umd.js"
BUILT_INTO_VIEWER = (
    ("@lukeed/uuid", "2.0.1", "MIT"),
    ("@ungap/structured-clone", "1.4.0", "ISC"),
    ("@zarrita/storage", "0.1.4", "MIT"),
    ("array-equal", "1.0.2", "MIT"),
    ("fflate", "0.8.2", "MIT"),
    ("gl-matrix", "3.4.4", "MIT"),
    ("nifti-reader-js", "0.8.0", "MIT"),
    ("numcodecs", "0.3.2", "MIT"),
    ("zarrita", "0.5.4", "MIT"),
)
"""Packages of npm by name, version and licence: quant/report/site/vendor/README.md."""


def normal(name: str) -> str:
    """Return a name of a distribution as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(one: Distribution, extras: tuple[str, ...]) -> list[Requirement]:
    """Return what a distribution needs on this machine."""
    found = [Requirement(text) for text in one.requires or ()]
    environments = [{"extra": extra} for extra in ("", *extras)]
    return [
        requirement
        for requirement in found
        if requirement.marker is None
        or any(requirement.marker.evaluate(environment) for environment in environments)
    ]


def closure(extras: tuple[str, ...]) -> tuple[dict[str, Distribution], dict[str, set[str]]]:
    """Return every distribution that is needed and here, by name, and what each needs."""
    found: dict[str, Distribution] = {}
    edges: dict[str, set[str]] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [(ENGINE, extras)]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for requirement in needed(found[name], wanted):
            other = normal(requirement.name)
            edges.setdefault(name, set()).add(other)
            waiting.append((other, tuple(sorted(requirement.extras))))
    return found, edges


def licence(one: Distribution) -> str:
    """Return the licence: its expression, its short name, or its classifiers."""
    meta = one.metadata.json
    said = str(meta.get("license_expression") or meta.get("license") or "").strip()
    if said and "\n" not in said and len(said) <= 80:
        return said
    classified = [text for text in meta.get("classifier", ()) if text.startswith("License")]
    names = [text.rpartition(":: ")[2] for text in classified]
    return "; ".join(names) or said.partition("\n")[0][:80]


def digest(one: Distribution) -> str:
    """Return the SHA-256 of the list of installed files with their own hashes."""
    return hashlib.sha256((one.read_text("RECORD") or "").encode()).hexdigest()


def component(name: str, one: Distribution) -> dict[str, Any]:
    """Return one component."""
    purl = f"pkg:pypi/{name}@{one.version}"
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": one.version,
        "purl": purl,
        "properties": [{"name": "record:sha256", "value": digest(one)}],
    }
    if said := licence(one):
        found["licenses"] = [{"license": {"name": said}}]
    return found


def from_npm(name: str, version: str, licence_id: str) -> dict[str, Any]:
    """Return one component that npm knows."""
    purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{"license": {"id": licence_id}}],
    }


def viewer() -> dict[str, Any]:
    """Return the viewer as it lies in the engine's package, with what is built into it."""
    script = files("quant.report.site").joinpath("vendor", VIEWER_FILE).read_bytes()
    return from_npm(*VIEWER) | {
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(script).hexdigest()}],
        "components": [from_npm(*one) for one in BUILT_INTO_VIEWER],
    }


def bill(extras: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the bill of materials."""
    found, edges = closure(extras)
    refs = {name: f"pkg:pypi/{name}@{one.version}" for name, one in found.items()}
    parts = [component(name, one) for name, one in sorted(found.items()) if name != ENGINE]
    main = component(ENGINE, found[ENGINE]) | {"type": "application"}
    del main["properties"]  # an editable installation changes with every edit
    vendored = viewer()
    needs = {
        refs[name]: {refs[one] for one in edges.get(name, ()) if one in refs} for name in found
    }
    needs[refs[ENGINE]].add(vendored["bom-ref"])
    needs[vendored["bom-ref"]] = {one["bom-ref"] for one in vendored["components"]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": main},
        "components": [*parts, vendored],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(wanted)} for ref, wanted in sorted(needs.items())
        ],
    }


def main() -> None:
    """Print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extra", nargs="*", default=["dicom"])
    options = parser.parse_args()
    json.dump(bill(tuple(options.extra)), sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
