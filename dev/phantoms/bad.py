"""Files that are refused, and why."""
import io
import struct

import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

from .dicom import dicom, item
from .drawing import SECRET, phantom
from .png import png
from .tiff import page, tiff


def precincts():
    """A DICOM object with a codestream of 2048 x 2048 whose one level has precincts of one sample."""
    size = struct.pack(">HIIIIIIIIH", 0, 2048, 2048, 0, 0, 2048, 2048, 0, 0, 1) + b"\7\1\1"
    plan = b"\1\0" + struct.pack(">H", 1) + b"\0\0\0\0\0\1\0"
    stream = b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size
    stream += b"\xff\x52" + struct.pack(">H", len(plan) + 2) + plan + b"\xff\x5c\0\4\x40\x40"
    stream += b"\xff\x90\0\x0a\0\0" + struct.pack(">I", 30) + b"\0\1\xff\x93" + b"\0" * 16 + b"\xff\xd9"
    data = pydicom.dcmread(io.BytesIO(dicom(phantom("smooth", 40, 32)[..., 0])))
    data.file_meta.TransferSyntaxUID = JPEG2000Lossless
    data.Rows = data.Columns = 2048
    data.PixelData = encapsulate([stream])
    data["PixelData"].VR = "OB"
    blob = io.BytesIO()
    data.save_as(blob, enforce_file_format=True)
    return blob.getvalue()


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
    yield "bits-allocated-24.dcm", dicom(w, BitsAllocated=24), "unsupported", "24 bits"
    yield "three-samples.dcm", dicom(w, SamplesPerPixel=3), "corrupt", "3 samples"
    yield "slope-zero.dcm", dicom(w, RescaleSlope="0", RescaleIntercept="0"), "corrupt", "slope"
    yield "rgb.dcm", dicom(w, PhotometricInterpretation="RGB"), "corrupt", "1 samples of RGB"
    yield "palette.dcm", dicom(w, PhotometricInterpretation="PALETTE COLOR"), "corrupt", "look-up table"
    yield "hsv.dcm", dicom(w, PhotometricInterpretation="HSV", SamplesPerPixel=3), "unsupported", "HSV"
    yield "odd-photometric.dcm", dicom(w, PhotometricInterpretation=SECRET[:16]), "unsupported", "no known name"
    yield "no-picture.dcm", dicom(w, PixelData=None, Rows=None, Columns=None), "unsupported", "no picture"
    yield "no-pixel-data.dcm", dicom(w, PixelData=None), "unsupported", "no picture"
    yield "deflated.dcm", dicom(w, DeflatedExplicitVRLittleEndian), "unsupported", "Deflated"
    yield "not-in-fragments.dcm", relabelled(ct, JPEGBaseline8Bit), "corrupt", ""
    yield "rle-not-in-fragments.dcm", relabelled(ct, RLELossless), "corrupt", ""
    yield "mpeg.dcm", relabelled(ct, "1.2.840.10008.1.2.4.100"), "unsupported", "MPEG2"
    yield "unknown-syntax.dcm", relabelled(ct, "1.2.826.0.1.3680043.8"), "unsupported", "not known"
    table = Sequence([item(LUTDescriptor=[20, 0, 16], ModalityLUTType="US", LUTData=b"\0\0\1\0")])
    table[0]["LUTDescriptor"].VR = "US"
    table[0]["LUTData"].VR = "OW"
    yield "modality-table.dcm", dicom(w, ModalityLUTSequence=table), "corrupt", "look-up table"
    yield "display-table.dcm", dicom(w, VOILUTSequence=table), "corrupt", "look-up table"
    lying = bytearray(ct)
    at = ct.rindex(b"\xe0\x7f\x10\x00OW\0\0") + 8
    lying[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    yield "lying-length.dcm", bytes(lying), "truncated", ""
    yield from bad_compressed(good)
    photo = good["lossy.webp"]
    yield "webp.webp", b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 28, "corrupt", "WebP"
    yield "truncated.webp", photo[: len(photo) // 2], "truncated", "WebP"
    giant = bytearray(photo)
    giant[26:30] = struct.pack("<HH", 0x3FFF, 0x3FFF)
    yield "giant.webp", bytes(giant), "tooManyPixels", "16383 x 16383"
    frames = [Image.fromarray(phantom("noise", 9, 9)), Image.fromarray(phantom("smooth", 9, 9))]
    moving = io.BytesIO()
    frames[0].save(moving, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    yield "animated.webp", moving.getvalue(), "unsupported", "animated"
    yield "little.tif", b"II*\0" + b"\0" * 28, "corrupt", "TIFF"
    yield "big.tif", b"MM\0*" + b"\0" * 28, "corrupt", "TIFF"
    whole = good["rgb-strips.tif"]
    yield "truncated.tif", whole[: len(whole) // 2], "truncated", ""
    yield "truncated-pixels.tif", good["lzw.tif"][:3000], "truncated", ""
    noise = phantom("noise", 45, 37)
    deep = gray.astype(np.uint16) * 250
    yield "gray-16-bit.tif", tiff(page(deep, 1, 16)), "unsupported", "16-bit"
    yield "cmyk.tif", tiff(page(np.concatenate([noise, gray], 2), 5)), "unsupported", "photometric"
    entries, blocks, places = page(noise, 2)
    giant = {256: (4, [60000]), 257: (4, [60000]), 278: (4, [1])}
    yield "giant.tif", tiff((entries | giant, blocks, places)), "tooManyPixels", "60000 x 60000"
    strip = giant | {259: (3, [8]), 278: (4, [60000])}
    yield "giant-strip.tif", tiff((entries | strip, blocks, places)), "unsupported", "strips"
    tiles = page(noise, 2, tile=16)
    huge = {322: (4, [1 << 20]), 323: (4, [1 << 20])}
    yield "giant-tile.tif", tiff((tiles[0] | huge, tiles[1], tiles[2])), "unsupported", "tiles"
    # 64 tiles far larger than the page, all of them the same few bytes.
    flat = {256: (4, [1024]), 257: (4, [1]), 322: (4, [16]), 323: (4, [1 << 24])}
    single = page(phantom("smooth", 1024, 1)[..., :1], 1, tile=16)
    yield "tiles-beyond-page.tif", tiff((single[0] | flat, single[1], single[2])), "unsupported", "tiles of 16"
    yield "lerc.tif", tiff((entries | {259: (3, [34887])}, blocks, places)), "unsupported", "34887"
    yield "gif.gif", b"GIF89a" + b"\0" * 28, "unsupported", "GIF is not supported"


def bad_compressed(good):
    """Streams that say something else than their header, or end early."""
    photo = good["jpeg.dcm"]
    start = photo.index(b"\xff\xc0") + 5
    giant = photo[:start] + struct.pack(">HH", 65500, 65500) + photo[start + 4 :]
    yield "jpeg-of-other-size.dcm", giant, "corrupt", "65500 x 65500"
    wave = good["jpeg2000.dcm"]
    start = wave.index(b"\xff\x4f\xff\x51") + 8
    giant = wave[:start] + struct.pack(">II", 60000, 60000) + wave[start + 8 :]
    yield "jpeg2000-of-other-size.dcm", giant, "corrupt", "size"
    tiles = wave[: start + 16] + struct.pack(">II", 1, 1) + wave[start + 24 :]
    yield "jpeg2000-missing-tiles.dcm", tiles, "corrupt", "1280 tiles"
    # DCMTK's codec for JPEG-LS ends the process at damaged data.
    yield "jpeg-ls.dcm", wave.replace(b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.4.80"), "unsupported", "JPEG-LS"
    # One precinct and one code block a pixel: gigabytes for a file of 398 bytes.
    yield "jpeg2000-precincts.dcm", precincts(), "unsupported", "pieces"
    # libjpeg in DCMTK waits for ever for a beginning or an end that does not come.
    bare = good["jpeg-rgb-unmarked.dcm"]
    start, end = bare.rindex(b"\xff\xd8\xff"), bare.rindex(b"\xff\xd9")
    yield "jpeg-without-start.dcm", bare[: start + 1] + b"\1" + bare[start + 2 :], "corrupt", "no whole JPEG"
    yield "jpeg-without-end.dcm", bare[:end] + b"\0\0" + bare[end + 2 :], "corrupt", "no whole JPEG"
    for name in ("rle", "jpeg", "jpeg2000"):
        blob = good[name + ".dcm"]
        yield f"truncated-{name}.dcm", blob[: len(blob) - 200], "truncated", ""
        if name == "rle":
            continue  # Zeros are good RLE.
        # The stream ends early, the object does not: its second half is zeros.
        first = blob.rindex(b"\xfe\xff\x00\xe0") + 8
        middle = first + (len(blob) - first) // 2
        yield f"short-{name}.dcm", blob[:middle] + b"\0" * (len(blob) - 8 - middle) + blob[-8:], "corrupt", ""
    frames = good["rle-frame-3.dcm"].replace(b"IS\2\0" + b"3 ", b"IS\2\0" + b"9 ")
    yield "fewer-fragments.dcm", frames, "corrupt", "9 frames"


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
