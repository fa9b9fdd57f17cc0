"""PNG of every colour type and depth."""
import struct
import zlib

import numpy as np

from .drawing import phantom


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
