#!/usr/bin/env python3
"""Draws the image fixtures and writes down what independent decoders make of them.

    python3 -m venv /tmp/phantoms && /tmp/phantoms/bin/pip install -r dev/phantoms/requirements.txt
    /tmp/phantoms/bin/python dev/make-phantoms.py

Nothing here is a real picture: every pixel comes from the formulas in dev/phantoms/drawing.py. Expected pixels come
from Pillow, pydicom and NumPy, and never from the code under test. Output: Tests/Fixtures/images (see the README
there). Files are the same on every run with the versions above.
"""
import hashlib
import io
import json
import pathlib
import shutil

import numpy as np
import pydicom
from PIL import Image

from phantoms.bad import bad_files
from phantoms.dicom import dicom_files, render
from phantoms.dicom_more import expectation, more_files
from phantoms.drawing import SECRET
from phantoms.jpeg import jpeg_files
from phantoms.png import png_files
from phantoms.preprocessing import write_preprocessing
from phantoms.tiff import opened, oriented_files, tiff_files, upright, webp_files

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "images"


def main():
    for old in ("good", "bad", "expected"):
        shutil.rmtree(FOLDER / old, ignore_errors=True)
        (FOLDER / old).mkdir(parents=True)
    manifest, good = [], {}

    def add(name, blob, expected, tolerance, parameters=None, **fields):
        good[name] = blob
        (FOLDER / "good" / name).write_bytes(blob)
        height, width = expected.shape[:2]
        entry = {"file": "good/" + name, "width": width, "height": height, "tolerance": tolerance}
        if tolerance == 0:
            entry["sha256"] = hashlib.sha256(expected.tobytes()).hexdigest()
        else:
            (FOLDER / "expected" / (name + ".rgb")).write_bytes(expected.tobytes())
            entry["expected"] = "expected/" + name + ".rgb"
        if parameters:
            entry["parameters"] = {
                key: ",".join(f"{v:g}" for v in value) if isinstance(value, tuple) else str(value)
                for key, value in parameters.items()
            }
        manifest.append(entry | fields)

    for name, blob in png_files():
        add(name + ".png", blob, np.asarray(Image.open(io.BytesIO(blob)).convert("RGB")), 0, format="png")
    for name, blob in jpeg_files():
        shown = np.asarray(Image.open(io.BytesIO(blob)).convert("RGB"))
        add(name + ".jpg", blob, upright(shown, 6) if "exif" in name else shown, 1, format="jpeg")
    for name, stored, blob in dicom_files():
        data = pydicom.dcmread(io.BytesIO(blob), force=True)
        fields = {"format": "dicom", "frames": int(data.get("NumberOfFrames", 1))}
        if name != "not-code-strings":
            fields["modality"] = data.Modality
            fields["bodyPart"] = data.get("BodyPartExamined")
        if name.startswith("no-preamble"):
            fields["declaredType"] = "application/dicom"
        add(name + ".dcm", blob, render(blob, stored), 1, **fields)
    for name, blob, expected, parameters in more_files():
        data = pydicom.dcmread(io.BytesIO(blob), force=True)
        fields = {"format": "dicom", "frames": int(data.get("NumberOfFrames", 1))}
        fields |= {"modality": "CT", "bodyPart": "CHEST"}
        add(name + ".dcm", blob, expectation(blob, expected, parameters), 1, parameters, **fields)
    for name, blob, expected, parameters in tiff_files():
        expected = opened(blob) if expected is None else expected
        add(name + ".tif", blob, expected, 1 if name == "jpeg" else 0, parameters, format="tiff")
    for name, blob, expected, parameters in webp_files():
        expected = opened(blob) if expected is None else expected
        add(name + ".webp", blob, expected, 1 if name.startswith("lossy") else 0, parameters, format="webp")
    kinds = {"jpg": "jpeg"}
    for name, blob, expected, parameters in oriented_files():
        suffix = name.rsplit(".")[-1]
        add(name, blob, expected, int(suffix == "jpg"), parameters, format=kinds.get(suffix, suffix))
    for name, blob, error, words in bad_files(good):
        (FOLDER / "bad" / name).write_bytes(blob)
        manifest.append({"file": "bad/" + name, "error": error, "mentions": words})
    (FOLDER / "manifest.json").write_text(json.dumps({"secret": SECRET, "files": manifest}, indent=1) + "\n")
    print(f"{len(manifest)} files, {write_preprocessing(FOLDER)} preprocessing cases in {FOLDER}")


if __name__ == "__main__":
    main()
