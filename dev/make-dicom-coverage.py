#!/usr/bin/env python3
"""Writes down what pydicom and NumPy make of every distinct file of pydicom-data, and the table in docs/.

    dev/fetch-pictures --tests
    python3 -m venv /tmp/phantoms && /tmp/phantoms/bin/pip install -r dev/phantoms/requirements.txt pydicom-data==1.0.0
    /tmp/phantoms/bin/python dev/make-dicom-coverage.py FOLDER

FOLDER holds the files (data_store/data of the package). Output: Tests/Fixtures/images/pydicom-data.json, which holds
hashes of the first and the last frame's RGB bytes, and docs/dicom-coverage.md. A test decodes every file, compares, and
checks that the table says what it found.
"""
import hashlib
import json
import pathlib
import sys
import warnings

import pydicom

from phantoms.reference import rendered

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Refused, in these words; pydicom finds no picture in it either.
REFUSED = {
    "emri_small_jpeg_2k_lossless_too_short.dcm":
        "truncated: the DICOM object ends after 40316 bytes, before its picture does",
    "emri_small_jpeg_ls_lossless.dcm":
        "unsupported: DICOM transfer syntax JPEG-LS Lossless is not supported; send the picture uncompressed or as "
        "JPEG, JPEG 2000 or RLE",
}
PAGE = """# DICOM files that are read

Every distinct file of the package pydicom-data 1.0.0, which collects what scanners and converters really write, with
what the decoder makes of it. *Equal* means: the RGB bytes of the first and the last frame are, byte for byte, those that
pydicom 3.0.2 and NumPy give after the file's own window, or over the frame's own range where the file has none. The tests
check each row (`dev/fetch-pictures --tests` fetches the files); `dev/make-dicom-coverage.py` writes this page.

One correction is made to the reference: pydicom reads the palettes of big-endian files in the wrong byte order, which is
put right first. Files that are the same to the byte are listed once.

| file | transfer syntax | photometric | bits stored of allocated | frames | result |
| --- | --- | --- | --- | --- | --- |
"""


def describe(path):
    blob = path.read_bytes()
    data = pydicom.dcmread(path, force=True)
    entry = {"file": path.name, "fileSHA256": hashlib.sha256(blob).hexdigest()}
    syntax = data.file_meta.get("TransferSyntaxUID") if "file_meta" in data.__dict__ else None
    entry["syntax"] = str(syntax.name).split(" (Process")[0].split(", Non-")[0] if syntax else "not named"
    entry["photometric"] = str(data.get("PhotometricInterpretation", "none"))
    entry["bits"] = f"{data.get('BitsStored', '?')} of {data.get('BitsAllocated', '?')}"
    entry["frames"] = int(data.get("NumberOfFrames", 1) or 1)
    if path.name in REFUSED:
        entry["refused"] = REFUSED[path.name]
        return entry
    entry["pixels"] = {}
    for frame in sorted({1, entry["frames"]}):
        shown = rendered(pydicom.dcmread(path, force=True), frame - 1)
        entry["width"], entry["height"] = shown.shape[1], shown.shape[0]
        entry["pixels"][str(frame)] = hashlib.sha256(shown.tobytes()).hexdigest()
    return entry


def main():
    warnings.filterwarnings("ignore")
    folder = pathlib.Path(sys.argv[1])
    entries, seen = [], set()
    for path in sorted(folder.glob("*.dcm")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest not in seen:
            seen.add(digest)
            entries.append(describe(path))
    (ROOT / "Tests/Fixtures/images/pydicom-data.json").write_text(json.dumps(entries, indent=1) + "\n")
    rows = "".join(
        f"| {e['file']} | {e['syntax']} | {e['photometric']} | {e['bits']} | {e['frames']} | "
        f"{'refused, ' + e['refused'] if 'refused' in e else 'equal'} |\n" for e in entries
    )
    (ROOT / "docs/dicom-coverage.md").write_text(PAGE + rows)
    print(f"{len(entries)} distinct files")


if __name__ == "__main__":
    main()
