"""Stored values that are not simply there: compressed, deflated and big-endian pixels.

Each transfer syntax has one decoder, under a permissive licence, so that the same file gives the
same values on every machine.
"""

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import PIXEL_KEYWORDS, text, whole
from quant.dicom.files.streams import DEFLATED, EXPLICIT_BIG
from quant.dicom.pixels.codestreams import require_sound_frames
from quant.errors import ReadError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from quant.domain.archive import FilePath
    from quant.domain.study import FileEntry

OPENJPEG = ("pylibjpeg-openjpeg", "openjpeg", "pylibjpeg")
CHARLS = ("pyjpegls", "jpeg_ls", "pyjpegls")
GDCM = ("python-gdcm", "gdcm", "gdcm")

DECODERS = {
    "1.2.840.10008.1.2.4.90": ("JPEG 2000 lossless", *OPENJPEG),
    "1.2.840.10008.1.2.4.91": ("JPEG 2000", *OPENJPEG),
    "1.2.840.10008.1.2.4.201": ("HTJ2K lossless", *OPENJPEG),
    "1.2.840.10008.1.2.4.202": ("HTJ2K lossless RPCL", *OPENJPEG),
    "1.2.840.10008.1.2.4.203": ("HTJ2K", *OPENJPEG),
    "1.2.840.10008.1.2.4.80": ("JPEG-LS lossless", *CHARLS),
    "1.2.840.10008.1.2.4.81": ("JPEG-LS", *CHARLS),
    "1.2.840.10008.1.2.4.57": ("JPEG lossless", *GDCM),
    "1.2.840.10008.1.2.4.70": ("JPEG lossless SV1", *GDCM),
    "1.2.840.10008.1.2.4.51": ("JPEG extended", *GDCM),
    "1.2.840.10008.1.2.4.50": ("JPEG baseline", "pillow", "PIL", "pillow"),
    "1.2.840.10008.1.2.5": ("RLE lossless", "pydicom", "pydicom", "pydicom"),
}
"""Name, decoding package, its module, and pydicom's name for it, by transfer syntax."""

WITHOUT_DECODER = {
    "1.2.840.10008.1.2.4.51": "samples of 8 bits: those of 12 have no decoder under a permissive "
    "licence",
}
"""What a decoder needs beyond whole data, by transfer syntax."""


class Decoder:
    """Decodes files one after another; frames of one file are decoded without reading it again."""

    def __init__(self) -> None:
        self._path: FilePath | None = None
        self._data: Dataset | None = None

    def decode(
        self, entry: "FileEntry", shape: tuple[int, int, int], dtype: np.dtype[np.generic]
    ) -> NDArray[np.generic]:
        """Decode all frames of a file, or the one frame that its facts name.

        Parameters
        ----------
        entry : FileEntry
        shape : (F, R, C) tuple of int
            Of what is to be decoded.
        dtype : dtype
            Little-endian type of the stored values.

        Raises
        ------
        ReadError
            ``DECODE``, with the transfer syntax and the package that decodes it.
        """
        syntax = text(entry.facts, "TransferSyntaxUID")
        frame = whole(entry.facts, "FrameIndex")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                stored = self._decoded(entry, syntax, frame, dtype)
        except Exception as error:
            raise undecodable(text(entry.facts, "Modality"), syntax) from error
        if stored.size != shape[0] * shape[1] * shape[2]:
            raise ReadError(
                "DECODE",
                "The decoded picture has another size than the header says.",
                found=f"{stored.shape}",
                needed=f"{shape}",
                next_step="export the series again",
            )
        return stored.reshape(shape).astype(stored.dtype.newbyteorder("="), copy=False)

    def _decoded(
        self, entry: "FileEntry", syntax: str, frame: int | None, dtype: np.dtype[np.generic]
    ) -> NDArray[np.generic]:
        from pydicom.pixels.utils import pixel_array

        from quant.dicom.files.pydicom_headers import lenient

        with lenient():
            data = self._opened(entry, syntax)
            if syntax in (DEFLATED, EXPLICIT_BIG) and dtype.itemsize > 1:
                return _from_bytes(data, dtype, entry, frame)
            return np.asarray(pixel_array(data, index=frame, decoding_plugin=plugin_of(syntax)))

    def _opened(self, entry: "FileEntry", syntax: str) -> "Dataset":
        import pydicom
        from pydicom.uid import UID

        if self._data is None or self._path != entry.path:
            with entry.path.open("rb") as stream:
                data = pydicom.dcmread(stream, force=True)
            if "TransferSyntaxUID" not in data.file_meta:
                data.file_meta.TransferSyntaxUID = UID(syntax)
            require_sound_frames(data, syntax)
            self._path, self._data = entry.path, data
        return self._data


def plugin_of(syntax: str) -> str:
    """Return pydicom's name of the one decoder for a transfer syntax; empty where none is needed.

    Raises
    ------
    ValueError
        When there is none: pydicom would try whatever is installed.
    """
    if syntax in (DEFLATED, EXPLICIT_BIG):
        return ""
    if syntax not in DECODERS:
        message = f"no decoder for {syntax}"
        raise ValueError(message)
    return DECODERS[syntax][3]


def undecodable(modality: str, syntax: str) -> ReadError:
    """Name the package that decodes a transfer syntax, or say that it is not at fault."""
    from pydicom.uid import UID

    what = f"The pixels of a {modality or 'DICOM'} file cannot be decoded."
    registered = UID(syntax).name
    unknown = (registered if registered != syntax else "of an unknown kind", "", "", "")
    name, package, module, _ = DECODERS.get(syntax, unknown)
    found = f"transfer syntax {syntax or 'missing'} ({name})"
    if not package:
        needed, next_step = "a known transfer syntax", "export the series uncompressed"
    elif find_spec(module) is None:
        needed = f"the package {package}"
        next_step = f"pip install {package}, or export the series uncompressed"
    else:
        found += f"; its decoder {package} is there"
        whole_data = "pixel data that are whole and of the kind that the header says"
        needed = WITHOUT_DECODER.get(syntax, whole_data)
        next_step = "copy or export the series again, uncompressed if possible"
    return ReadError("DECODE", what, found=found, needed=needed, next_step=next_step)


def _from_bytes(
    data: "Dataset", dtype: np.dtype[np.generic], entry: "FileEntry", frame: int | None
) -> NDArray[np.generic]:
    """Take uncompressed pixels as they are: pydicom would clear the bits above BitsStored."""
    is_little = data.original_encoding[1]
    dtype = dtype.newbyteorder("<" if is_little else ">")
    content = next(data[keyword].value for keyword in PIXEL_KEYWORDS if keyword in data)
    values = np.frombuffer(content[: len(content) // dtype.itemsize * dtype.itemsize], dtype=dtype)
    if frame is None:
        return values
    size = (whole(entry.facts, "Rows") or 0) * (whole(entry.facts, "Columns") or 0)
    return values[frame * size : (frame + 1) * size]
