"""DICOM in: index, choice of series, volumes, regions. Nothing downstream uses pydicom."""
