"""What a page may load: nothing but its own parts."""

import base64
import hashlib
from collections.abc import Iterable

FROM_DISK = "'self' file:"
"""Beside the page; some browsers take a page from disk for a place of its own, hence ``file:``."""


def hash_source(text: str) -> str:
    """Return the source expression that allows one inline script or style, and no other.

    References
    ----------
    W3C Content Security Policy Level 3, 2.3.1 (hash-source).
    """
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def policy_of_folder() -> str:
    """Policy of a page whose parts lie beside it."""
    return _policy(FROM_DISK, FROM_DISK, f"{FROM_DISK} data:")


def policy_of_single(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """Policy of a page that holds everything itself: just these scripts and styles."""
    allowed = " ".join(hash_source(one) for one in scripts)
    return _policy(allowed, " ".join(hash_source(one) for one in styles), "data:")


def _policy(scripts: str, styles: str, images: str) -> str:
    return (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; img-src {images}; "
        "base-uri 'none'; form-action 'none'"
    )
