"""What every fixture shows."""
import numpy as np

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
