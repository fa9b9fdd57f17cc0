"""Gray DICOM objects without compression, and what PS3.3 makes of them."""
import io

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from .drawing import SECRET, phantom


def dicom(stored, syntax=ExplicitVRLittleEndian, preamble=True, **fields):
    """A file around `stored`, an integer array (rows, columns) or (frames, rows, columns)."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    meta.ImplementationClassUID = "1.2.826.0.1.3680043.8.498.2"
    meta.TransferSyntaxUID = syntax
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    data = FileDataset(
        "", {}, file_meta=meta, preamble=b"\0" * 128, is_implicit_VR=implicit, is_little_endian=little
    )
    data.SOPClassUID = CTImageStorage
    data.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    data.Modality = "CT"
    data.BodyPartExamined = "CHEST"
    data.PatientName = SECRET
    data.PatientID = SECRET
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows, data.Columns = stored.shape[-2:]
    if stored.ndim == 3:
        data.NumberOfFrames = stored.shape[0]
    bits = stored.dtype.itemsize * 8
    data.BitsAllocated = data.BitsStored = bits
    data.HighBit = bits - 1
    data.PixelRepresentation = int(stored.dtype.kind == "i")
    raw = stored.astype(stored.dtype.newbyteorder("<" if little else ">")).tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data["PixelData"].VR = "OB" if bits == 8 and syntax != ImplicitVRLittleEndian else "OW"
    for name, value in fields.items():
        if value is None:
            delattr(data, name)
        else:
            setattr(data, name, value)
    out = io.BytesIO()
    if preamble:
        data.save_as(out, enforce_file_format=True)
    else:
        del data.file_meta
        data.preamble = None
        data.save_as(out, implicit_vr=implicit, little_endian=little)
    return out.getvalue()


def first(value):
    return float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value)


def render(blob, stored):
    """Expected RGB, by PS3.3 C.11.2.1.2, from what was stored and what pydicom reads of the header."""
    data = pydicom.dcmread(io.BytesIO(blob), force=True)
    values = (stored[0] if stored.ndim == 3 else stored).astype(np.float64)
    outer = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
    groups = [data[name].value[0] for name in outer if name in data]
    rescale = window = data
    for group in reversed(groups):
        if "PixelValueTransformationSequence" in group:
            rescale = group.PixelValueTransformationSequence[0]
        if "FrameVOILUTSequence" in group:
            window = group.FrameVOILUTSequence[0]
    values = values * float(rescale.get("RescaleSlope", 1)) + float(rescale.get("RescaleIntercept", 0))
    width = first(window.WindowWidth) if "WindowWidth" in window else 0
    if width > 0:
        center = first(window.WindowCenter)
        function = window.get("VOILUTFunction", "LINEAR")
        if function == "SIGMOID":
            share = 1 / (1 + np.exp(-4 * (values - center) / width))
        elif function == "LINEAR_EXACT":
            share = (values - center) / width + 0.5
        elif width > 1:
            share = (values - (center - 0.5)) / (width - 1) + 0.5
        else:
            share = (values > center - 0.5).astype(np.float64)
    else:
        share = (values - values.min()) / max(values.max() - values.min(), 1e-300)
    gray = np.floor(np.clip(share, 0, 1) * 255 + 0.5).astype(np.uint8)
    if data.PhotometricInterpretation == "MONOCHROME1":
        gray = 255 - gray
    return np.repeat(gray[..., None], 3, 2)


def item(**fields):
    data = Dataset()
    for name, value in fields.items():
        setattr(data, name, value)
    return data


def dicom_files():
    smooth = phantom("smooth", 40, 32)[..., 0].astype(np.int64)
    noise = phantom("noise", 40, 32)[..., 0].astype(np.int64)
    wide = smooth * 16 + noise // 16  # 12 bits
    hounsfield = (wide - 1024).astype(np.int16)
    w, b = wide.astype(np.uint16), smooth.astype(np.uint8)
    twelve = dict(BitsStored=12, HighBit=11)
    narrow = dict(WindowCenter="1200.5", WindowWidth="901")
    ct = dict(RescaleSlope="1", RescaleIntercept="-1024", WindowCenter=["40", "300"], WindowWidth=["400", "2000"])
    yield "ct-window", w, dicom(w, **twelve, **ct)
    yield "implicit", w, dicom(w, ImplicitVRLittleEndian, **twelve, **ct)
    yield "big-endian", w, dicom(w, ExplicitVRBigEndian, **twelve, **ct)
    yield "no-preamble-implicit", w, dicom(w, ImplicitVRLittleEndian, preamble=False, **twelve, **ct)
    yield "no-preamble-explicit", w, dicom(w, preamble=False, **twelve, **ct)
    yield "signed", hounsfield, dicom(hounsfield, WindowCenter="50", WindowWidth="350")
    short = (hounsfield % 2**12).astype(np.uint16)  # 12-bit two's complement in 16, upper bits clear
    signed = dict(PixelRepresentation=1, WindowCenter="50", WindowWidth="900")
    yield "signed-12-of-16", hounsfield, dicom(short, **twelve, **signed)
    upper = (w | 0xA000).astype(np.uint16)  # Old overlays live in the upper bits and are no part of the value.
    yield "bits-above-stored", w, dicom(upper, **twelve, **narrow)
    yield "high-bit-15", w, dicom((w << 4).astype(np.uint16), BitsStored=12, HighBit=15, **narrow)
    yield "monochrome1", w, dicom(w, PhotometricInterpretation="MONOCHROME1", Modality="CR", **twelve, **narrow)
    yield "monochrome1-no-window", w, dicom(w, PhotometricInterpretation="MONOCHROME1", **twelve)
    yield "no-window", w, dicom(w, **twelve, BodyPartExamined=None)
    yield "no-window-rescale", hounsfield, dicom(hounsfield, RescaleSlope="-2.5", RescaleIntercept="7.25")
    yield "window-width-zero", w, dicom(w, **twelve, WindowCenter="100", WindowWidth="0")
    yield "window-width-one", w, dicom(w, **twelve, WindowCenter="1500", WindowWidth="1")
    yield "window-linear-exact", w, dicom(w, **twelve, **narrow, VOILUTFunction="LINEAR_EXACT")
    yield "window-sigmoid", w, dicom(w, **twelve, **narrow, VOILUTFunction="SIGMOID")
    slope = dict(RescaleSlope="3.774114", RescaleIntercept="0.000061", WindowCenter="4000", WindowWidth="7000")
    yield "fractional-slope", w, dicom(w, **slope)
    yield "8-bit", b, dicom(b, Modality="US")
    yield "8-bit-implicit-window", b, dicom(b, ImplicitVRLittleEndian, WindowCenter="100", WindowWidth="120")
    odd = np.ascontiguousarray(b[:31, :39])
    yield "8-bit-odd-size", odd, dicom(odd)
    yield "8-bit-big-endian", b, dicom(b, ExplicitVRBigEndian)
    i8 = (smooth - 128).astype(np.int8)
    yield "8-bit-signed", i8, dicom(i8, WindowCenter="-20", WindowWidth="100")
    frames = np.stack([w, w[::-1], np.roll(w, 5, 0)])
    yield "multi-frame", frames, dicom(frames, **twelve, **narrow)
    flat = np.full((5, 6), 77, np.uint16)
    yield "flat", flat, dicom(flat)
    groups = dict(
        SharedFunctionalGroupsSequence=Sequence([item(
            PixelValueTransformationSequence=Sequence([
                item(RescaleSlope="2", RescaleIntercept="-1000", RescaleType="HU"),
            ]),
            FrameVOILUTSequence=Sequence([item(WindowCenter="0", WindowWidth="10")]),
        )]),
        PerFrameFunctionalGroupsSequence=Sequence([
            item(FrameVOILUTSequence=Sequence([item(WindowCenter=str(c), WindowWidth="3000")])) for c in (900, 100, 50)
        ]),
    )
    yield "enhanced", frames, dicom(frames, **twelve, **groups)
    # Not code strings: one holds a character that none may, the other is too long. Neither must come out.
    yield "not-code-strings", w, dicom(w, **twelve, Modality=SECRET[:13], BodyPartExamined="LONG " * 5)
