"""TIFF of every layout, by a writer of our own, and WebP and orientations by Pillow."""
import io
import struct
import zlib

import numpy as np
from PIL import Image

from .drawing import phantom
from .png import chunk, png
from .reference import as_bytes

KINDS = {1: "B", 3: "H", 4: "I"}


def packed(samples, bits):
    if bits >= 8:
        return samples.astype({8: "<u1", 16: "<u2"}[bits]).tobytes()
    rows = []
    for row in samples:
        flat = row.reshape(-1).astype(np.int64)
        rows.append(np.packbits(((flat[:, None] >> np.arange(bits - 1, -1, -1)) & 1).reshape(-1).astype(np.uint8)))
    return b"".join(row.tobytes() for row in rows)


def page(samples, photometric, bits=8, tile=None, rows=None, planar=False, extra=None, deflate=False, **tags):
    """Tags and blocks of one page; `samples` is (rows, columns, channels)."""
    height, width, channels = samples.shape
    planes = [samples[..., c : c + 1] for c in range(channels)] if planar else [samples]
    blocks = []
    for plane in planes:
        if tile:
            padded = np.zeros((-(-height // tile) * tile, -(-width // tile) * tile, plane.shape[2]), plane.dtype)
            padded[:height, :width] = plane
            for y in range(0, height, tile):
                for x in range(0, width, tile):
                    blocks.append(packed(padded[y : y + tile, x : x + tile], bits))
        else:
            for y in range(0, height, rows or height):
                blocks.append(packed(plane[y : y + (rows or height)], bits))
    if deflate:
        blocks = [zlib.compress(block, 9) for block in blocks]
    entries = {
        256: (4, [width]), 257: (4, [height]), 258: (3, [bits] * channels), 259: (3, [8 if deflate else 1]),
        262: (3, [photometric]), 277: (3, [channels]), 284: (3, [2 if planar else 1]),
    }
    if extra is not None:
        entries[338] = (3, [extra])
    if tile:
        entries |= {322: (3, [tile]), 323: (3, [tile])}
    else:
        entries[278] = (4, [rows or height])
    for name, value in tags.items():
        entries[{"orientation": 274, "palette": 320, "subfile": 254, "format": 339}[name]] = (
            4 if name == "subfile" else 3, value if isinstance(value, list) else [value]
        )
    return entries, blocks, (324, 325) if tile else (273, 279)


def tiff(*pages):
    out = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for entries, blocks, (offsets, counts) in pages:
        places = []
        for block in blocks:
            places.append(len(out))
            out += block + b"\0" * (len(block) % 2)
        entries = dict(entries) | {offsets: (4, places), counts: (4, [len(block) for block in blocks])}
        lines = b""
        for tag in sorted(entries):
            kind, values = entries[tag]
            data = struct.pack(f"<{len(values)}{KINDS[kind]}", *values)
            if len(data) > 4:
                place = len(out)
                out += data + b"\0" * (len(data) % 2)
                data = struct.pack("<I", place)
            lines += struct.pack("<HHI", tag, kind, len(values)) + data.ljust(4, b"\0")
        out[link : link + 4] = struct.pack("<I", len(out))
        out += struct.pack("<H", len(entries)) + lines
        link = len(out)
        out += b"\0\0\0\0"
    return bytes(out)


def saved(array, kind, mode=None, **options):
    out = io.BytesIO()
    Image.fromarray(array, mode).save(out, kind, **options)
    return out.getvalue()


def opened(blob):
    return np.asarray(Image.open(io.BytesIO(blob)).convert("RGB"))


def tiff_files():
    """(name, blob, expected or None for Pillow's, parameters)"""
    width, height = 45, 37
    noise, smooth = phantom("noise", width, height), phantom("smooth", width, height)
    gray, alpha = smooth[..., :1], noise[..., 2:]
    wide = smooth.astype(np.uint16) * 257 ^ noise
    table = [int(v) * 257 for c in range(3) for v in phantom("noise", 256, 1)[0, :, c]]
    yield "gray", tiff(page(gray, 1)), None, {}
    yield "gray-white-is-zero", tiff(page(gray, 0)), None, {}
    yield "gray-1-bit", tiff(page(gray & 1, 1, 1)), None, {}
    yield "gray-4-bit", tiff(page(gray & 15, 1, 4, rows=7)), None, {}
    yield "gray-alpha", tiff(page(np.concatenate([gray, alpha], 2), 1, extra=2)), None, {}
    yield "rgb-strips", tiff(page(noise, 2, rows=5)), None, {}
    yield "rgb-tiles", tiff(page(noise, 2, tile=16, deflate=True)), None, {}
    yield "rgb-planes", tiff(page(noise, 2, rows=10, planar=True)), None, {}
    yield "rgb-planes-tiles", tiff(page(noise, 2, tile=16, planar=True)), noise, {}
    yield "rgb-16-bit", tiff(page(wide, 2, 16)), None, {}
    rgba = np.concatenate([noise, alpha], 2)
    yield "rgba", tiff(page(rgba, 2, extra=2)), None, {}
    yield "rgba-multiplied", tiff(page(rgba, 2, extra=1)), None, {}
    # The tag claims an alpha that no sample is; what is there is shown.
    yield "rgb-extra-samples", tiff(page(noise[:5, :7], 2, extra=1)), noise[:5, :7], {}
    yield "rgb-unnamed-fourth", tiff(page(rgba, 2, extra=0)), None, {}
    yield "palette", tiff(page(gray, 3, palette=table)), None, {}
    small = [int(v) * 257 for c in range(3) for v in phantom("noise", 16, 1)[0, :, c]]
    yield "palette-4-bit", tiff(page(gray & 15, 3, 4, palette=small)), None, {}
    for compression in ("tiff_lzw", "packbits", "tiff_adobe_deflate"):
        yield compression.split("_", 1)[-1].replace("_", "-"), saved(noise, "TIFF", compression=compression), None, {}
    yield "fax", saved(np.asarray(Image.fromarray(gray[..., 0] > 99)), "TIFF", compression="group4"), None, {}
    yield "jpeg", saved(smooth, "TIFF", compression="jpeg", quality=90), None, {}
    deep = gray.astype(np.uint16) * 100 + noise[..., :1]
    shown = np.repeat(as_bytes((deep - (9000 - 0.5)) / (12000 - 1) + 0.5), 3, 2)
    yield "gray-16-bit-window", tiff(page(deep, 1, 16)), shown, {"window": (9000, 12000)}
    low = (deep.astype(np.int32) - 12000).astype(np.int16)
    shown = np.repeat(as_bytes((low - (-500 - 0.5)) / (9000 - 1) + 0.5), 3, 2)
    yield "gray-16-bit-signed-window", tiff(page(low.view(np.uint16), 1, 16, format=2)), shown, {"window": (-500, 9000)}
    for number in range(2, 9):
        yield f"orientation-{number}", tiff(page(noise[:5, :7], 2, orientation=number)), None, {}
    yield "region", tiff(page(noise, 2, tile=16)), noise[9:30, 13:41], {"region": (13, 9, 28, 21)}
    yield "region-strips", tiff(page(noise, 2, rows=4)), noise[9:30, 13:41], {"region": (13, 9, 28, 21)}
    # A slide: too wide for its finest level to be shown whole, with a label that is no level.
    finest = phantom("smooth", 4400, 48)
    middle, coarse = np.ascontiguousarray(finest[::2, ::2]), np.ascontiguousarray(finest[::4, ::4])
    label = page(phantom("edges", 60, 50), 2)
    options = dict(tile=16, deflate=True)
    slide = tiff(page(finest, 2, **options), label, page(middle, 2, subfile=1, **options),
                 page(coarse, 2, subfile=1, **options))
    yield "slide", slide, middle, {}
    yield "slide-region", slide, finest[5:40, 1000:1100], {"region": (1000, 5, 100, 35)}
    yield "slide-wide-region", slide, middle[5:15, 100:2150], {"region": (200, 10, 4100, 20)}


def webp_files():
    smooth, noise = phantom("smooth", 45, 37), phantom("noise", 45, 37)
    rgba = np.concatenate([smooth, noise[..., 2:]], 2)
    yield "lossy", saved(smooth, "WEBP", quality=85), None, {}
    yield "lossless", saved(noise, "WEBP", lossless=True), None, {}
    yield "lossless-alpha", saved(rgba, "WEBP", lossless=True, exact=True), None, {}
    yield "lossy-alpha", saved(rgba, "WEBP", quality=90, exact=True), None, {}


def oriented_files():
    """(name with suffix, blob, expected, parameters): the same small picture lying in all eight ways."""
    small = phantom("noise", 7, 5)
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = number
        data = exif.tobytes()
        turned = upright(small, number)
        yield f"orientation-{number}.png", png(small, 8, 2, extra=chunk(b"eXIf", data[6:])), turned, {}
    stored = {"orientation": "stored"}
    yield "orientation-stored.png", png(small, 8, 2, extra=chunk(b"eXIf", data[6:])), small, stored
    yield "orientation-8.webp", saved(small, "WEBP", lossless=True, exif=data), upright(small, 8), {}
    photo = saved(phantom("smooth", 61, 43), "JPEG", quality=90, exif=data)
    yield "orientation-8.jpg", photo, upright(opened(photo), 8), {}
    part = {"region": (1, 2, 3, 4)}
    lying = png(small, 8, 2, extra=chunk(b"eXIf", data[6:]))
    yield "orientation-8-region.png", lying, upright(small, 8)[2:6, 1:4], part
    yield "region.png", png(small, 8, 2), small[1:4, 2:7], {"region": (2, 1, 5, 3)}
    deep = phantom("smooth", 45, 37)[..., :1].astype(np.int64) * 250
    shown = np.repeat(as_bytes((deep - (30000 - 0.5)) / (20000 - 1) + 0.5), 3, 2)
    yield "gray-16-bit-window.png", png(deep, 16, 0), shown, {"window": (30000, 20000)}
    yield "gray-16-bit-window-interlaced.png", png(deep, 16, 0, True), shown, {"window": (30000, 20000)}


def upright(array, number):
    """By NumPy, straight from the words of the Exif standard on where row 0 and column 0 are."""
    if number >= 5:
        array = array.transpose(1, 0, 2)
    if number in (2, 3, 6, 7):
        array = array[:, ::-1]
    if number in (3, 4, 7, 8):
        array = array[::-1]
    return np.ascontiguousarray(array)
