"""What pydicom and NumPy make of a DICOM object, as RGB bytes: the expectation for every kind that pydicom reads."""
import numpy as np
import pydicom
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, pixel_array

JPEG_2000_AND_LOSSLESS = "1.2.840.10008.1.2.4."
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"


def as_bytes(share):
    return np.floor(np.clip(share, 0, 1) * 255 + 0.5).astype(np.uint8)


def samples(data, frame):
    """The frame's array, through the decoder that is exact for its compression."""
    syntax = str(data.file_meta.TransferSyntaxUID)
    plugin = {}
    if syntax == JPEG_BASELINE:
        plugin = {"decoding_plugin": "pillow"}
    elif syntax.startswith(JPEG_2000_AND_LOSSLESS):
        plugin = {"decoding_plugin": "pylibjpeg"}
    many = int(data.get("NumberOfFrames", 1) or 1) > 1
    return pixel_array(data, index=frame if many else None, **plugin)


def palette(array, data):
    if not data.original_encoding[1]:
        # pydicom 3.0.2 reads the tables of big-endian files as little-endian.
        for colour in ("Red", "Green", "Blue"):
            name = f"{colour}PaletteColorLookupTableData"
            if name not in data:
                continue  # In segments; those it reads right.
            element = data[name]
            element.value = np.frombuffer(element.value, ">u2").astype("<u2").tobytes()
    array = apply_color_lut(array, data)
    return as_bytes(array / float(np.iinfo(array.dtype).max))


def groups(data, frame):
    """Copies what the functional groups of a frame say to where pydicom looks for it."""
    per_frame = data.get("PerFrameFunctionalGroupsSequence") or []
    for group in list(data.get("SharedFunctionalGroupsSequence") or []) + list(per_frame[frame : frame + 1]):
        for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            for element in group[name][0] if name in group else []:
                data[element.tag] = element


def rendered(data, frame=0, window=None):
    if "TransferSyntaxUID" not in getattr(data, "file_meta", {}):
        data.ensure_file_meta()
        data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    array = samples(data, frame)
    if data.PhotometricInterpretation == "PALETTE COLOR":
        return palette(array, data)
    if data.SamplesPerPixel == 3:
        return array if array.dtype == np.uint8 else as_bytes(array / float(2**data.BitsStored - 1))
    groups(data, frame)
    if window:
        data.WindowCenter, data.WindowWidth = window
        if "VOILUTFunction" in data:
            del data.VOILUTFunction
    array = apply_modality_lut(array, data)
    if data.get("WindowWidth"):
        shown = apply_voi_lut(array, data, prefer_lut=False).astype(np.float64)
        # pydicom stretches the window over what the stored bits could become.
        half = 2 ** (data.BitsStored - 1)
        ends = np.array([-half, half - 1] if data.PixelRepresentation else [0, 2 * half - 1], np.float64)
        if "ModalityLUTSequence" in data:
            ends = np.array([0, 2 ** data.ModalityLUTSequence[0].LUTDescriptor[2] - 1], np.float64)
        elif data.get("RescaleSlope") is not None:
            ends = ends * float(data.RescaleSlope) + float(data.RescaleIntercept)
        gray = as_bytes((shown - ends[0]) / (ends[1] - ends[0]))
    elif "VOILUTSequence" in data:
        shown = apply_voi_lut(array, data).astype(np.float64)
        gray = as_bytes(shown / (2 ** data.VOILUTSequence[0].LUTDescriptor[2] - 1))
    else:
        array = array.astype(np.float64)
        gray = as_bytes((array - array.min()) / max(array.max() - array.min(), 1e-300))
    if data.PhotometricInterpretation == "MONOCHROME1":
        gray = 255 - gray
    return np.repeat(gray[..., None], 3, 2)
