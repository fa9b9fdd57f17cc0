"""JPEG by Pillow."""
import io

from PIL import Image

from .drawing import phantom


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
