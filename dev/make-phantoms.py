#!/usr/bin/env python3
"""Draws the image fixtures and writes down what independent decoders make of them.

    python3 -m venv /tmp/phantoms && /tmp/phantoms/bin/pip install pillow==13.0.0 numpy==2.4.6 pydicom==3.0.2
    /tmp/phantoms/bin/python dev/make-phantoms.py

Nothing here is a real picture: every pixel comes from the formulas in `phantom`. Expected pixels come from Pillow,
pydicom and NumPy, and never from the code under test. Output: Tests/Fixtures/images (see the README there). Files are
the same on every run with the versions above.
"""
import hashlib
import io
import json
import pathlib
import shutil
import struct
import zlib

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "images"
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
# A name that must never come out again; the tests look for it in every message.
SECRET = "PHANTOM^NEVER^SHOWN"


def phantom(kind, width, height):
    """The picture (height, width, 3) of a kind, in integers only, so that the tests can draw it too."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    if kind == "noise":
        h = (x * 374761393 + y * 668265263 + c * 2246822519 + 374761393) % 2**32
        h = ((h ^ (h >> 13)) * 1274126177) % 2**32
        v = h >> 24
    elif kind == "edges":  # Black and white only: the kernel overshoots at every edge and must be cut.
        v = ((x // 5 + y // 3 + c) % 2) * 255
    elif kind == "smooth":  # Rings around the middle over a slope.
        d = (2 * x - width) ** 2 + (2 * y - height) ** 2
        v = (d // (width + height) + 40 * c + (x * 255) // width) // 2 % 256
    else:
        raise ValueError(kind)
    return v.astype(np.uint8)


# --- Preprocessing ---------------------------------------------------------------------------------------------------


def preprocess(pixels, size, crop, pad):
    image = Image.fromarray(pixels)
    if pad and image.width != image.height:
        side = max(image.size)
        square = Image.new("RGB", (side, side), tuple(int(m * 255) for m in CLIP_MEAN))
        square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        image = square
    short, long = min(image.size), max(image.size)
    longer = int(size * long / short)
    image = image.resize((size, longer) if image.width <= image.height else (longer, size), Image.Resampling.BICUBIC)
    resized = np.asarray(image)
    height, width = resized.shape[:2]
    canvas = np.zeros((max(height, crop), max(width, crop), 3), np.uint8)
    top, left = -((height - canvas.shape[0]) // 2), -((width - canvas.shape[1]) // 2)
    canvas[top : top + height, left : left + width] = resized
    top, left = (canvas.shape[0] - crop) // 2, (canvas.shape[1] - crop) // 2
    return canvas[top : top + crop, left : left + crop].transpose(2, 0, 1)


def preprocessing_cases():
    shapes = [
        ("noise", 1, 1), ("noise", 2, 3), ("edges", 7, 5), ("noise", 16, 16), ("smooth", 31, 33), ("edges", 55, 56),
        ("noise", 56, 56), ("noise", 57, 56), ("smooth", 64, 64), ("edges", 84, 84), ("noise", 97, 131),
        ("smooth", 131, 97), ("edges", 112, 200), ("noise", 200, 112), ("noise", 167, 301), ("smooth", 301, 167),
        ("edges", 336, 336), ("noise", 337, 335), ("smooth", 640, 480), ("noise", 480, 640), ("edges", 511, 513),
        ("smooth", 1000, 30), ("noise", 30, 1000), ("noise", 1, 400), ("edges", 400, 1), ("smooth", 1201, 799),
    ]
    plans = [(56, 56), (84, 84), (112, 112), (336, 336)]
    for index, (kind, width, height) in enumerate(shapes):
        for pad in (False, True):
            size, crop = plans[(index + 2 * pad) % len(plans)]
            yield kind, width, height, size, crop, pad
    # Crops that are smaller and larger than the resized picture, by even and odd amounts.
    yield "noise", 90, 70, 64, 56, False
    yield "noise", 90, 70, 65, 56, True
    yield "smooth", 90, 70, 40, 56, False
    yield "edges", 70, 90, 41, 56, False
    yield "noise", 70, 90, 41, 84, True
    yield "noise", 300, 60, 33, 84, False


def write_preprocessing():
    cases = []
    for kind, width, height, size, crop, pad in preprocessing_cases():
        data = preprocess(phantom(kind, width, height), size, crop, pad).tobytes()
        cases.append({
            "kind": kind, "width": width, "height": height, "shortestEdge": size, "cropSize": crop, "pad": pad,
            "sha256": hashlib.sha256(data).hexdigest(),
        })
    drawings = [
        {"kind": kind, "width": 23, "height": 17, "sha256": hashlib.sha256(phantom(kind, 23, 17).tobytes()).hexdigest()}
        for kind in ("noise", "edges", "smooth")
    ]
    text = json.dumps({"drawings": drawings, "cases": cases}, indent=1)
    (FOLDER / "preprocessing.json").write_text(text + "\n")
    return len(cases)


# --- PNG --------------------------------------------------------------------------------------------------------------


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack_rows(samples, depth):
    """Rows of samples (height, width, channels) as filtered PNG scanlines."""
    lines = []
    for row in samples:
        flat = row.reshape(-1).astype(np.int64)
        if depth == 16:
            line = flat.astype(">u2").tobytes()
        elif depth == 8:
            line = flat.astype(np.uint8).tobytes()
        else:
            bits = ((flat[:, None] >> np.arange(depth - 1, -1, -1)) & 1).reshape(-1).astype(np.uint8)
            line = np.packbits(bits).tobytes()
        lines.append(b"\0" + line)
    return b"".join(lines)


def png(samples, depth, colour, interlaced=False, extra=b"", size=None):
    height, width = size or samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
        raw = b"".join(pack_rows(samples[y::dy, x::dx], depth) for y, x, dy, dx in passes if samples[y::dy, x::dx].size)
    else:
        raw = pack_rows(samples, depth)
    image = chunk(b"IDAT", zlib.compress(raw, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + image + chunk(b"IEND", b"")


def png_files():
    width, height = 45, 37
    noise, smooth = phantom("noise", width, height), phantom("smooth", width, height)
    gray = smooth[..., :1]
    alpha = noise[..., 2:]
    wide = smooth.astype(np.int64) * 257 ^ noise.astype(np.int64)
    palette = bytes(phantom("noise", 16, 1).reshape(-1))
    gamma = chunk(b"gAMA", struct.pack(">I", 100000))
    yield "gray", png(gray, 8, 0)
    yield "gray-1-bit", png(gray & 1, 1, 0)
    yield "gray-2-bit", png(gray & 3, 2, 0)
    yield "gray-4-bit", png(gray & 15, 4, 0)
    yield "gray-alpha", png(np.concatenate([gray, alpha], 2), 8, 4)
    yield "gray-transparent", png(gray, 8, 0, extra=chunk(b"tRNS", b"\0\x40"))
    yield "gray-gamma", png(gray, 8, 0, extra=gamma)
    yield "rgb", png(noise, 8, 2)
    yield "rgb-gamma", png(smooth, 8, 2, extra=gamma)
    yield "rgb-16-bit", png(wide, 16, 2)
    yield "rgb-interlaced", png(noise, 8, 2, interlaced=True)
    yield "rgba", png(np.concatenate([noise, alpha], 2), 8, 6)
    yield "rgba-16-bit", png(np.concatenate([wide, wide[..., :1]], 2), 16, 6)
    yield "rgba-interlaced", png(np.concatenate([smooth, alpha], 2), 8, 6, interlaced=True)
    yield "palette", png(gray & 15, 8, 3, extra=chunk(b"PLTE", palette))
    yield "palette-4-bit", png(gray & 15, 4, 3, extra=chunk(b"PLTE", palette))
    yield "palette-transparent", png(gray & 15, 8, 3, extra=chunk(b"PLTE", palette) + chunk(b"tRNS", b"\0\x80\xff"))
    yield "palette-interlaced-2-bit", png(gray & 3, 2, 3, True, extra=chunk(b"PLTE", palette[:12]))
    yield "one-pixel", png(noise[:1, :1], 8, 2)


# --- JPEG -------------------------------------------------------------------------------------------------------------


def jpeg(pixels, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **options)
    return out.getvalue()


def jpeg_files():
    smooth, edges = phantom("smooth", 61, 43), phantom("edges", 61, 43)
    yield "gray", jpeg(smooth[..., 0], quality=90)
    yield "444", jpeg(smooth, quality=90, subsampling=0)
    yield "422", jpeg(smooth, quality=85, subsampling=1)
    yield "420", jpeg(smooth, quality=80, subsampling=2)
    yield "420-edges", jpeg(edges, quality=75, subsampling=2)
    yield "progressive", jpeg(smooth, quality=85, progressive=True)
    yield "rgb-colourspace", jpeg(smooth, quality=90, keep_rgb=True)
    yield "rotated-by-exif", jpeg(smooth, quality=90, exif=rotation())


def rotation():
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


# --- DICOM -----------------------------------------------------------------------------------------------------------


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


# --- Bad input -------------------------------------------------------------------------------------------------------


def bad_files(good):
    """(name, bytes, error code, words the message must hold)"""
    gray = phantom("smooth", 45, 37)[..., :1]
    w = phantom("smooth", 40, 32)[..., 0].astype(np.uint16)
    one = good["rgb.png"]
    yield "empty.png", b"", "notAnImage", ""
    yield "garbage.bin", phantom("noise", 200, 1).tobytes(), "notAnImage", ""
    yield "text.png", b"<html>not a picture</html>\n" * 20, "notAnImage", ""
    yield "truncated.png", one[: len(one) // 2], "truncated", ""
    yield "truncated-header.png", one[:20], "truncated", ""
    yield "truncated-end.png", one[:-12], "truncated", ""
    yield "truncated-interlaced.png", good["rgb-interlaced.png"][:-200], "truncated", ""
    middle = bytearray(one)
    middle[len(one) // 2] ^= 0x55
    yield "damaged.png", bytes(middle), "corrupt", ""
    yield "zero-width.png", png(gray, 8, 0, size=(37, 0)), "corrupt", ""
    yield "too-few-rows.png", png(gray, 8, 0, size=(200, 45)), "corrupt", ""
    yield "giant.png", png(gray, 8, 2, size=(60000, 60000)), "tooManyPixels", "60000 x 60000"
    yield "giant-side.png", png(gray, 8, 0, size=(1, 40000)), "tooManyPixels", "40000 x 1"
    yield "giant-height.png", png(gray, 8, 0, size=(40000, 1)), "tooManyPixels", "1 x 40000"
    yield "gray-16-bit.png", png(gray.astype(np.int64) * 257, 16, 0), "unsupported", "16-bit"
    photo = good["420.jpg"]
    yield "truncated.jpg", photo[: len(photo) // 2], "truncated", ""
    yield "truncated-header.jpg", photo[:30], "truncated", ""
    yield "truncated-progressive.jpg", good["progressive.jpg"][:-300], "truncated", ""
    start = photo.index(b"\xff\xc0")
    giant = photo[: start + 5] + struct.pack(">HH", 65500, 65500) + photo[start + 9 :]
    yield "giant.jpg", giant, "tooManyPixels", "65500 x 65500"
    middle = bytearray(photo)
    middle[-60:-40] = b"\xff\xd9" * 10
    yield "damaged.jpg", bytes(middle), "corrupt", ""
    cmyk = io.BytesIO()
    Image.fromarray(np.concatenate([phantom("smooth", 45, 37), gray], 2), "CMYK").save(cmyk, "JPEG")
    yield "cmyk.jpg", cmyk.getvalue(), "unsupported", "CMYK"
    ct = good["ct-window.dcm"]
    yield "truncated.dcm", ct[: len(ct) - 1000], "truncated", ""
    yield "truncated-header.dcm", ct[:500], "truncated", ""
    yield "truncated-meta.dcm", ct[:140], "truncated", ""
    yield "preamble-only.dcm", ct[:132], "truncated", ""
    garbage = ct[:132] + phantom("noise", 300, 1).tobytes()
    yield "garbage.dcm", garbage, "corrupt", ""
    yield "few-pixels.dcm", dicom(w, Rows=64), "truncated", "bytes"
    yield "many-frames.dcm", dicom(w, NumberOfFrames=2147483647), "truncated", "2147483647 frames"
    yield "giant.dcm", dicom(w, Rows=65535, Columns=65535), "tooManyPixels", "65535 x 65535"
    yield "zero-rows.dcm", dicom(w, Rows=0), "corrupt", "40 x 0"
    yield "no-frames.dcm", dicom(w, NumberOfFrames=0), "corrupt", "0 frames"
    yield "bits-stored-over-allocated.dcm", dicom(w, BitsStored=17), "corrupt", "17 stored"
    yield "bits-allocated-32.dcm", dicom(w, BitsAllocated=32), "unsupported", "32 bits"
    yield "three-samples.dcm", dicom(w, SamplesPerPixel=3), "corrupt", "3 samples"
    yield "slope-zero.dcm", dicom(w, RescaleSlope="0", RescaleIntercept="0"), "corrupt", "slope"
    yield "rgb.dcm", dicom(w, PhotometricInterpretation="RGB"), "unsupported", "RGB"
    yield "palette.dcm", dicom(w, PhotometricInterpretation="PALETTE COLOR"), "unsupported", "PALETTE COLOR"
    yield "odd-photometric.dcm", dicom(w, PhotometricInterpretation=SECRET[:16]), "unsupported", "no known name"
    yield "no-picture.dcm", dicom(w, PixelData=None, Rows=None, Columns=None), "unsupported", "no picture"
    yield "no-pixel-data.dcm", dicom(w, PixelData=None), "unsupported", "no picture"
    yield "deflated.dcm", dicom(w, DeflatedExplicitVRLittleEndian), "unsupported", "Deflated"
    yield "jpeg-baseline.dcm", relabelled(ct, JPEGBaseline8Bit), "unsupported", "JPEG Baseline"
    yield "rle.dcm", relabelled(ct, RLELossless), "unsupported", "RLE Lossless"
    yield "unknown-syntax.dcm", relabelled(ct, "1.2.826.0.1.3680043.8"), "unsupported", "not known"
    table = Sequence([item(LUTDescriptor=[2, 0, 16], ModalityLUTType="US", LUTData=b"\0\0\1\0")])
    table[0]["LUTDescriptor"].VR = "US"
    table[0]["LUTData"].VR = "OW"
    yield "modality-table.dcm", dicom(w, ModalityLUTSequence=table), "unsupported", "look-up table"
    yield "display-table.dcm", dicom(w, VOILUTSequence=table), "unsupported", "look-up table"
    lying = bytearray(ct)
    at = ct.rindex(b"\xe0\x7f\x10\x00OW\0\0") + 8
    lying[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    yield "lying-length.dcm", bytes(lying), "truncated", ""
    yield "webp.webp", b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 28, "unsupported", "WebP is not yet supported"
    yield "little.tif", b"II*\0" + b"\0" * 28, "unsupported", "TIFF is not yet supported"
    yield "big.tif", b"MM\0*" + b"\0" * 28, "unsupported", "TIFF is not yet supported"
    yield "gif.gif", b"GIF89a" + b"\0" * 28, "unsupported", "GIF is not yet supported"


def relabelled(blob, syntax):
    """The same bytes under the name of another transfer syntax."""
    old = blob.index(ExplicitVRLittleEndian.encode())
    length = struct.unpack("<H", blob[old - 2 : old])[0]
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    group = blob.index(b"\x02\0\0\0UL\x04\0") + 8
    total = struct.unpack("<I", blob[group : group + 4])[0] + len(value) - length
    return (
        blob[:group] + struct.pack("<I", total) + blob[group + 4 : old - 2] + struct.pack("<H", len(value)) + value
        + blob[old + length :]
    )


# --- Writing ---------------------------------------------------------------------------------------------------------


def main():
    for old in ("good", "bad", "expected"):
        shutil.rmtree(FOLDER / old, ignore_errors=True)
        (FOLDER / old).mkdir(parents=True)
    manifest, good = [], {}

    def add(name, blob, expected, tolerance, **fields):
        good[name] = blob
        (FOLDER / "good" / name).write_bytes(blob)
        height, width = expected.shape[:2]
        entry = {"file": "good/" + name, "width": width, "height": height, "tolerance": tolerance}
        if tolerance == 0:
            entry["sha256"] = hashlib.sha256(expected.tobytes()).hexdigest()
        else:
            (FOLDER / "expected" / (name + ".rgb")).write_bytes(expected.tobytes())
            entry["expected"] = "expected/" + name + ".rgb"
        manifest.append(entry | fields)

    for name, blob in png_files():
        add(name + ".png", blob, np.asarray(Image.open(io.BytesIO(blob)).convert("RGB")), 0, format="png")
    for name, blob in jpeg_files():
        add(name + ".jpg", blob, np.asarray(Image.open(io.BytesIO(blob)).convert("RGB")), 1, format="jpeg")
    for name, stored, blob in dicom_files():
        data = pydicom.dcmread(io.BytesIO(blob), force=True)
        fields = {"format": "dicom", "frames": int(data.get("NumberOfFrames", 1))}
        if name != "not-code-strings":
            fields["modality"] = data.Modality
            fields["bodyPart"] = data.get("BodyPartExamined")
        if name.startswith("no-preamble"):
            fields["declaredType"] = "application/dicom"
        add(name + ".dcm", blob, render(blob, stored), 1, **fields)
    for name, blob, error, words in bad_files(good):
        (FOLDER / "bad" / name).write_bytes(blob)
        manifest.append({"file": "bad/" + name, "error": error, "mentions": words})
    (FOLDER / "manifest.json").write_text(json.dumps({"secret": SECRET, "files": manifest}, indent=1) + "\n")
    print(f"{len(manifest)} files, {write_preprocessing()} preprocessing cases in {FOLDER}")


if __name__ == "__main__":
    main()
