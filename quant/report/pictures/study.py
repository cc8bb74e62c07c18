"""All pictures of a study, written when it is measured; they never cost a study."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from quant.errors import OutputError
from quant.report.pictures import SHEET
from quant.report.pictures.display.copies import Measured, read_copies, write_copies
from quant.report.writing import write_bytes

if TYPE_CHECKING:
    from quant.domain.record import StudyRecord

logger = logging.getLogger(__name__)


def write_pictures(outcome: Measured, folder: Path) -> None:
    """Write the display copies of a study, its sheet, and what its viewer shows.

    Whatever goes wrong with a picture is logged, and the study keeps its record without it.

    Raises
    ------
    OutputError
        When the files cannot be written.
    """
    try:
        write_copies(outcome, folder)
        draw(outcome.record, folder)
    except OutputError:
        raise
    except Exception:  # a picture is no reason to lose a study
        logger.warning("study %s has no pictures", outcome.record.study_uid, exc_info=True)


def draw(record: "StudyRecord", folder: Path) -> None:
    """Draw the sheet and prepare the viewer of a study from its record and its display copies.

    Parameters
    ----------
    record : StudyRecord
    folder : Path
        The study's own folder.

    Raises
    ------
    OutputError
        When the files cannot be written.
    """
    from quant.report.pictures.sheet.page import draw_sheet
    from quant.report.pictures.viewer import write_viewer

    copies = read_copies(folder)
    write_viewer(record, folder, copies)
    write_bytes(folder / SHEET, draw_sheet(record, copies).webp)
