"""The page of codes: every flag and error code with its meaning and what to do.

``python -m quant.report.codes > docs/codes.md`` writes it; a test keeps it true.
"""

import sys

from quant.domain.flags import CODES


def codes_as_markdown() -> str:
    """Write the documentation of all codes, from the registry."""
    lines = [
        "# Flags and codes",
        "",
        "Made from the registry in `quant/domain/flags.py` (`python -m quant.report.codes`); a",
        "test keeps it true. `quant inspect --codes` prints the same. An error means that",
        "something was not measured, a warning that a value needs a look, information that a",
        "choice was made.",
        "",
        "| code | severity | meaning | what to do |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{code}` | {info.severity} | {info.sentence} | {info.action} |"
        for code, info in sorted(CODES.items())
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(codes_as_markdown())
