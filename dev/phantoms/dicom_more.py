"""DICOM objects in colour, with tables, of other depths, compressed, and with a frame or window to choose."""
import io

import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from .dicom import dicom, item
from .drawing import phantom
from .reference import as_bytes, rendered


def colour(array, photometric, raw=None, **fields):
    """A colour object: `array` is (rows, columns, 3); `raw` replaces its bytes."""
    bits = array.dtype.itemsize * 8
    fields = dict(
        Rows=array.shape[0], Columns=array.shape[1], SamplesPerPixel=3, PhotometricInterpretation=photometric,
        BitsAllocated=bits, BitsStored=bits, HighBit=bits - 1, PlanarConfiguration=0,
    ) | fields
    blob = dicom(array[..., 0], **fields)
    data = pydicom.dcmread(io.BytesIO(blob))
    if "NumberOfFrames" in data and "NumberOfFrames" not in fields:
        del data.NumberOfFrames
    data.PixelData = array.tobytes() if raw is None else raw
    return written(data)


def written(data):
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()


def ybr(rgb, partial=False):
    """PS3.3 C.7.6.3.1.2."""
    full = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
    scale = np.array([219, 224, 224]) / 255 if partial else np.ones(3)
    values = (rgb.astype(np.float64) @ full.T) * scale + ([16, 128, 128] if partial else [0, 128, 128])
    return np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)


def halved(array):
    """Y Y Cb Cr of each pair of pixels, and the pixels that a reader gets back."""
    pairs = array.reshape(array.shape[0], -1, 2, 3)
    chroma = pairs[:, :, 0, 1:]
    raw = np.concatenate([pairs[..., 0], chroma], 2).astype(np.uint8).tobytes()
    back = array.copy().reshape(pairs.shape)
    back[:, :, 1, 1:] = chroma
    return raw, back.reshape(array.shape)


def to_rgb(array, partial):
    values = array.astype(np.float64)
    y, cb, cr = values[..., 0], values[..., 1] - 128, values[..., 2] - 128
    if partial:
        y, cb, cr = (y - 16) * 255 / 219, cb * 255 / 224, cr * 255 / 224
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], 2)
    return np.floor(np.clip(rgb, 0, 255) + 0.5).astype(np.uint8)


def table(values, first, bits, vr="OW"):
    data = np.array(values, np.uint16 if bits > 8 else np.uint8).tobytes()
    entry = item(LUTDescriptor=[len(values), first, bits], LUTData=data)
    entry["LUTDescriptor"].VR = "SS" if first < 0 else "US"
    entry["LUTData"].VR = vr
    return Sequence([entry])


def palettes(array, tables, bits, first=0, segments=None, syntax=ExplicitVRLittleEndian, **fields):
    blob = dicom(array, syntax, PhotometricInterpretation="PALETTE COLOR", **fields)
    data = pydicom.dcmread(io.BytesIO(blob))
    order = "<u2" if syntax != ExplicitVRBigEndian else ">u2"
    for name, values in zip(("Red", "Green", "Blue"), tables):
        setattr(data, f"{name}PaletteColorLookupTableDescriptor", [len(values), first, bits])
        data[f"{name}PaletteColorLookupTableDescriptor"].VR = "US"
        if segments:
            setattr(data, f"Segmented{name}PaletteColorLookupTableData", np.array(segments(values), order).tobytes())
        else:
            setattr(data, f"{name}PaletteColorLookupTableData", np.array(values).astype(order).tobytes())
    return written(data)


def compressed(data, syntax, frames, photometric=None, table=True):
    """The object with these streams in it: one for each frame, or a list of fragments for it."""
    data.file_meta.TransferSyntaxUID = syntax
    if photometric:
        data.PhotometricInterpretation = photometric
    if any(isinstance(frame, list) for frame in frames):
        offsets, at = [], 0
        for frame in frames:
            offsets.append(at)
            at += sum(8 + len(fragment) for fragment in frame)
        entries = np.array(offsets if table else [], "<u4").tobytes()
        body = b"".join(
            b"\xfe\xff\x00\xe0" + len(part).to_bytes(4, "little") + part
            for part in [entries] + [fragment for frame in frames for fragment in frame]
        )
        data.PixelData = body
    else:
        data.PixelData = encapsulate(frames, has_bot=table)
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    return written(data)


def jpeg(array, **options):
    out = io.BytesIO()
    Image.fromarray(array).save(out, "JPEG", quality=90, **options)
    return out.getvalue() + b"\0" * (out.tell() % 2)


def more_files():
    """(name, blob, expected or None for pydicom's, parameters)"""
    rgb = phantom("smooth", 40, 32)
    noise = phantom("noise", 40, 32)
    wide = rgb.astype(np.uint16) * 257 ^ noise
    gray = rgb[..., 0]
    w = gray.astype(np.uint16) * 16 + noise[..., 0] // 16
    twelve = dict(BitsStored=12, HighBit=11)
    window = dict(WindowCenter="1200", WindowWidth="900")
    yield "rgb", colour(noise, "RGB"), noise, {}
    yield "rgb-planar", colour(noise, "RGB", noise.transpose(2, 0, 1).tobytes(), PlanarConfiguration=1), noise, {}
    yield "rgb-16-bit", colour(wide, "RGB"), None, {}
    full, partial = ybr(rgb), ybr(rgb, partial=True)
    yield "ybr-full", colour(full, "YBR_FULL"), None, {}
    planes = full.transpose(2, 0, 1).tobytes()
    yield "ybr-full-planar", colour(full, "YBR_FULL", planes, PlanarConfiguration=1), to_rgb(full, False), {}
    raw, back = halved(full)
    yield "ybr-full-422", colour(full, "YBR_FULL_422", raw), to_rgb(back, False), {}
    raw, back = halved(partial)
    yield "ybr-partial-422", colour(partial, "YBR_PARTIAL_422", raw), to_rgb(back, True), {}
    ramps = [[(i * k) % 256 * 257 for i in range(256)] for k in (1, 3, 7)]
    yield "palette", palettes(gray, ramps, 16), None, {}
    yield "palette-big-endian", palettes(gray, ramps, 16, syntax=ExplicitVRBigEndian), None, {}
    short = [[(i * k) % 256 * 257 for i in range(100)] for k in (5, 2, 1)]
    yield "palette-first-50", palettes(gray, short, 16, first=50), None, {}
    lines = [
        [257 * i for i in range(256)], [65535 - 257 * i for i in range(256)], [i // 128 * 30000 for i in range(256)],
    ]

    def segments(values):
        if values == lines[2]:
            # 16 zeros; seven times the same again; then the other half.
            return [0, 16, *([0] * 16)] + [2, 1, 0, 0] * 7 + [0, 1, 30000, 1, 127, 30000]
        return [0, 1, values[0], 1, 255, values[255]]

    yield "palette-segments", palettes(gray, lines, 16, segments=segments), None, {}
    deep = gray.astype(np.uint16) * 3
    yield "palette-16-bit", palettes(deep, [[(i * k) % 65536 for i in range(766)] for k in (60, 80, 85)], 16), None, {}
    curve = [min(4095, i * i // 4096 + 5) for i in range(4096)]
    yield "modality-table", dicom(w, **twelve, ModalityLUTSequence=table(curve, 0, 16)), None, {}
    # Entries of 8 bits, two in a word, which pydicom does not read.
    eight = [255 - i // 16 for i in range(4096)]
    looked_up = np.repeat(np.array(eight, np.uint8)[w][..., None], 3, 2)
    yield "display-table", dicom(w, **twelve, VOILUTSequence=table(eight, 0, 8)), looked_up, {}
    late = [i * 4 for i in range(1000)]
    yield "display-table-late", dicom(w, **twelve, VOILUTSequence=table(late, 1500, 12)), None, {}
    # Frames of 1147 bits, so that the second and third begin within a byte.
    masks = np.stack([np.roll(gray[:31, :37], shift, 0) > 100 for shift in (0, 3, 7)])
    one = dict(Rows=31, Columns=37, BitsAllocated=1, BitsStored=1, HighBit=0)
    for number in (1, 3):
        bits = np.packbits(masks[:number].reshape(-1), bitorder="little").tobytes()
        blob = dicom(gray, **one, NumberOfFrames=number, PixelData=bits + b"\0" * (len(bits) % 2))
        expected = np.repeat(masks[number - 1][..., None] * np.uint8(255), 3, 2)
        yield f"1-bit-frame-{number}", blob, expected, {"frame": number}
    u32 = w.astype(np.uint32) * 100000
    yield "32-bit", dicom(u32, WindowCenter="150000000", WindowWidth="200000000"), None, {}
    # A frame or a window that is asked for.
    frames = np.stack([w, w[::-1], np.roll(w, 5, 0)])
    yield "frame-2", dicom(frames, **twelve, **window), None, {"frame": 2}
    yield "window-asked", dicom(w, **twelve, RescaleSlope="1", RescaleIntercept="-1024", **window), None, {
        "window": (40, 400)
    }
    per_frame = Sequence([item(FrameVOILUTSequence=Sequence([item(WindowCenter=str(c), WindowWidth="800")]))
                          for c in (900, 1500, 2500)])
    yield "enhanced-frame-3", dicom(frames, **twelve, PerFrameFunctionalGroupsSequence=per_frame), None, {"frame": 3}
    yield from compressed_files(rgb, noise, w, frames, twelve, window)


def compressed_files(rgb, noise, w, frames, twelve, window):
    def with_codec(blob, syntax, **options):
        data = pydicom.dcmread(io.BytesIO(blob))
        data.compress(syntax, generate_instance_uid=False, **options)
        return written(data)

    gray = dicom(w, **twelve, **window)
    signed = dicom((w.astype(np.int32) - 2048).astype(np.int16), WindowCenter="0", WindowWidth="2000")
    many = dicom(frames, **twelve, **window)
    for name, syntax in (("rle", RLELossless), ("jpeg2000", JPEG2000Lossless)):
        yield name, with_codec(gray, syntax), None, {}
        yield name + "-signed", with_codec(signed, syntax), None, {}
        yield name + "-rgb", with_codec(colour(noise, "RGB"), syntax), noise, {}
        yield name + "-frame-3", with_codec(many, syntax), None, {"frame": 3}
    planar = pydicom.dcmread(io.BytesIO(with_codec(colour(noise, "RGB"), RLELossless)))
    planar.PlanarConfiguration = 1  # RLE itself keeps planes either way.
    yield "rle-planar", written(planar), noise, {}
    yield "jpeg2000-lossy", with_codec(colour(rgb, "RGB"), JPEG2000, j2k_cr=[8]), None, {}
    eight = pydicom.dcmread(io.BytesIO(dicom(rgb[..., 0], WindowCenter="100", WindowWidth="150")))
    yield "jpeg", compressed(eight, JPEGBaseline8Bit, [jpeg(rgb[..., 0])]), None, {}
    for name, options in (("444", 0), ("422", 1), ("420", 2)):
        data = pydicom.dcmread(io.BytesIO(colour(rgb, "RGB")))
        stream = jpeg(rgb, subsampling=options)
        yield f"jpeg-ybr-{name}", compressed(data, JPEGBaseline8Bit, [stream], "YBR_FULL_422"), decoded(stream), {}
    # Three components without any marker of their colours: the DICOM header says that they are RGB.
    stream = jpeg(rgb, keep_rgb=True)
    start = stream.index(b"\xff\xee")
    bare = stream[:start] + stream[start + 2 + int.from_bytes(stream[start + 2 : start + 4], "big") :]
    bare = renumbered(bare)
    data = pydicom.dcmread(io.BytesIO(colour(rgb, "RGB")))
    yield "jpeg-rgb-unmarked", compressed(data, JPEGBaseline8Bit, [bare + b"\0" * (len(bare) % 2)]), decoded(stream), {}
    # Frames in several fragments, found by the offset table or by how a JPEG begins.
    streams = [jpeg(np.roll(rgb[..., 0], s, 0)) for s in (0, 4, 9)]
    parts = [[s[: len(s) // 4 * 2], s[len(s) // 4 * 2 :]] for s in streams]
    for name, with_table in (("fragments", True), ("fragments-no-table", False)):
        data = pydicom.dcmread(io.BytesIO(dicom(np.stack([rgb[..., 0]] * 3), WindowCenter="100", WindowWidth="150")))
        yield name, compressed(data, JPEGBaseline8Bit, parts, table=with_table), None, {"frame": 2}


def renumbered(stream):
    """Component names 1, 2, 3 instead of R, G, B, in the frame and in the scan."""
    out = bytearray(stream)
    frame, scan = stream.index(b"\xff\xc0"), stream.index(b"\xff\xda")
    for number in range(3):
        out[frame + 10 + 3 * number] = number + 1
        out[scan + 5 + 2 * number] = number + 1
    return bytes(out)


def decoded(stream):
    return np.asarray(Image.open(io.BytesIO(stream)).convert("RGB"))


def expectation(blob, expected, parameters):
    if expected is not None:
        return expected
    data = pydicom.dcmread(io.BytesIO(blob), force=True)
    return rendered(data, parameters.get("frame", 1) - 1, parameters.get("window"))


__all__ = ["as_bytes", "expectation", "more_files"]
