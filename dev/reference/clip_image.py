"""CLIP image preprocessing as Pillow does it: optional square padding, bicubic resize, centre crop, normalisation."""
import dataclasses
import json
import pathlib

import numpy as np
from PIL import Image


@dataclasses.dataclass(frozen=True)
class ImageSettings:
    """What `preprocessor_config.json` says, in either spelling; the defaults are CLIP's own at 336 pixels."""

    edge: int = 336
    mean: tuple = (0.48145466, 0.4578275, 0.40821073)
    std: tuple = (0.26862954, 0.26130258, 0.27577711)

    @classmethod
    def read(cls, path):
        values = json.loads(pathlib.Path(path).read_text())
        size, crop = values["size"], values["crop_size"]
        edge = size["shortest_edge"] if isinstance(size, dict) else size
        crop = (crop["height"], crop["width"]) if isinstance(crop, dict) else (crop, crop)
        if crop != (edge, edge) or values.get("resample", 3) != 3:
            raise ValueError(f"{path}: expected a bicubic resize and a square crop of the same size")
        return cls(edge, tuple(values["image_mean"]), tuple(values["image_std"]))


def expand_to_square(image, mean):
    """The picture in the middle of a square of its longer side, the rest filled with the mean colour."""
    side = max(image.size)
    square = Image.new("RGB", (side, side), tuple(int(255 * value) for value in mean))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def cropped_bytes(image, settings, pad):
    """Bytes [3, edge, edge] after padding, resize of the shortest edge and centre crop."""
    image = image.convert("RGB")
    if pad:
        image = expand_to_square(image, settings.mean)
    edge, (width, height) = settings.edge, image.size
    if width <= height:
        resized = (edge, edge * height // width)
    else:
        resized = (edge * width // height, edge)
    image = image.resize(resized, Image.Resampling.BICUBIC)
    left, top = (resized[0] - edge) // 2, (resized[1] - edge) // 2
    image = image.crop((left, top, left + edge, top + edge))
    return np.asarray(image).transpose(2, 0, 1)


def pixel_values(image, settings, pad):
    """Float32 [3, edge, edge]: (byte / 255 - mean) / std."""
    scaled = cropped_bytes(image, settings, pad).astype(np.float64) / 255
    mean, std = (np.array(values).reshape(3, 1, 1) for values in (settings.mean, settings.std))
    return ((scaled - mean) / std).astype(np.float32)
