"""Which failures the next run tries again."""

from quant.domain.record import Status

RETRIED = frozenset((
    "STUDY_FAILED", "DICOM_UNREADABLE", "NO_PERMISSION", "TRUNCATED", "INPUT_CHANGED",
    "WORKER_DIED", "TIME_LIMIT", "MEMORY_LIMIT",
))  # fmt: skip
"""Failures that may have had a cause outside the study's bytes (memory, a medium, a transfer)."""


def is_final(status: Status, code: str) -> bool:
    """Tell whether measuring the same bytes again would give the same record.

    Parameters
    ----------
    status : Status
    code : str
        Why a failed study failed.
    """
    return status is not Status.FAILED or code not in RETRIED
