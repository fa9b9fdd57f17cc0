"""Padding, resize and crop by Pillow."""
import hashlib
import json

import numpy as np
from PIL import Image

from .drawing import phantom

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)


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


def write_preprocessing(folder):
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
    (folder / "preprocessing.json").write_text(text + "\n")
    return len(cases)
