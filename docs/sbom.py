"""Print the bill of materials of an installation, as CycloneDX 1.5 JSON.

``.venv/bin/python docs/sbom.py [--extra dicom ...] > sbom.json`` lists this engine and every
distribution that it needs here, with version, licence, package URL, what needs what, and a digest
of the installed files. It reads what is installed and asks nobody; the same installation gives the
same bytes.
"""

import argparse
import hashlib
import json
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.requirements import Requirement

ENGINE = "spectct-quant"


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


def bill(extras: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the bill of materials."""
    found, edges = closure(extras)
    refs = {name: f"pkg:pypi/{name}@{one.version}" for name, one in found.items()}
    parts = [component(name, one) for name, one in sorted(found.items()) if name != ENGINE]
    main = component(ENGINE, found[ENGINE]) | {"type": "application"}
    del main["properties"]  # an editable installation changes with every edit
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": main},
        "components": parts,
        "dependencies": [
            {
                "ref": refs[name],
                "dependsOn": sorted(refs[one] for one in edges.get(name, ()) if one in refs),
            }
            for name in sorted(found)
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
