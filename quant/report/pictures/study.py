"""All pictures of a study, written when it is measured; they never cost a study."""

import logging
from pathlib import Path

from quant.errors import OutputError
from quant.report.pictures.copies import Measured, write_copies

logger = logging.getLogger(__name__)


def write_pictures(outcome: Measured, folder: Path) -> None:
    """Write the display copies of a study.

    Whatever goes wrong with a picture is logged, and the study keeps its record without it.

    Raises
    ------
    OutputError
        When the files cannot be written.
    """
    try:
        write_copies(outcome, folder)
    except OutputError:
        raise
    except Exception:  # a picture is no reason to lose a study
        logger.warning("study %s has no pictures", outcome.record.study_uid, exc_info=True)
