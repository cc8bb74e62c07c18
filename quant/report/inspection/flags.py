"""Codes as ``quant inspect`` reports them: with what they mean, what was found and what to do."""

from typing import TYPE_CHECKING

from quant.domain.flags import CODES, Flag, Severity
from quant.errors import QuantError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quant.report.inspection.layout import FlagReport


def flag_reports(flags: "Iterable[Flag]") -> "list[FlagReport]":
    """Report flags with what they mean and what to do."""
    return [flag_report(flag.code, flag.detail) for flag in dict.fromkeys(flags)]


def flag_report(code: str, detail: str) -> "FlagReport":
    """Report a code with what was found."""
    info = CODES[code]
    return {
        "code": code,
        "severity": str(info.severity),
        "sentence": info.sentence,
        "detail": detail,
        "action": info.action,
    }


def problem_report(error: QuantError) -> "FlagReport":
    """Report an error; its own words go before those of its code.

    What is refused is an error, also where the code is a mere warning on other occasions.
    """
    report = flag_report(error.code, error.found)
    report["severity"] = str(Severity.ERROR)
    report["sentence"] = error.what or report["sentence"]
    action = error.next_step or report["action"]
    report["action"] = action[:1].upper() + action[1:]
    return report
