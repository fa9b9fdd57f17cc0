"""Reads and writes safetensors files with nothing but the standard library and NumPy.

A file is: the length of the header (8 bytes, little-endian), the header (JSON: name -> dtype, shape, data_offsets), the
data. BF16 has no NumPy type, so it is read as 16-bit words and widened to float32, which is exact.
"""
import json
import pathlib
import struct

import numpy as np

READABLE = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1"}
WRITABLE = {"float32": "F32", "int64": "I64", "int32": "I32", "uint8": "U8"}
HEADER_LIMIT = 100 * 1024 * 1024


class SafetensorsError(ValueError):
    """The file does not hold what its header says, or not a header at all."""


def read_file(path):
    """All tensors of one file: name -> array of the stored shape (F16 and BF16 stay exact; BF16 becomes float32)."""
    blob = pathlib.Path(path).read_bytes()
    if len(blob) < 8:
        raise SafetensorsError(f"{path}: expected at least 8 bytes, found {len(blob)}")
    (length,) = struct.unpack("<Q", blob[:8])
    if length > min(HEADER_LIMIT, len(blob) - 8):
        raise SafetensorsError(f"{path}: header of {length} bytes does not fit a file of {len(blob)} bytes")
    header = json.loads(blob[8 : 8 + length])
    header.pop("__metadata__", None)
    data = memoryview(blob)[8 + length :]
    return {name: _tensor(path, name, entry, data) for name, entry in header.items()}


def _tensor(path, name, entry, data):
    dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    if dtype not in READABLE:
        raise SafetensorsError(f"{path}: tensor {name} has dtype {dtype}, expected one of {', '.join(READABLE)}")
    kind = np.dtype(READABLE[dtype])
    count = 1
    for side in shape:
        count *= side
    if not 0 <= start <= end <= len(data) or end - start != count * kind.itemsize:
        raise SafetensorsError(f"{path}: tensor {name} of shape {shape} does not fit its bytes {start}..<{end}")
    array = np.frombuffer(data[start:end], dtype=kind).reshape(shape)
    if dtype == "BF16":
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return array


def read_checkpoint(folder):
    """All tensors of a checkpoint folder: one `model.safetensors`, or the shards that the index names."""
    folder = pathlib.Path(folder)
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return read_file(folder / "model.safetensors")
    weight_map = json.loads(index.read_text())["weight_map"]
    shards = {shard: read_file(folder / shard) for shard in sorted(set(weight_map.values()))}
    missing = [name for name, shard in weight_map.items() if name not in shards[shard]]
    if missing:
        raise SafetensorsError(f"{index}: {len(missing)} tensors are not in their shard, the first is {missing[0]}")
    return {name: shards[shard][name] for name, shard in weight_map.items()}


def write_file(path, tensors, metadata):
    """Writes name -> array (float32, int64, int32, uint8), names in order, so that equal input gives equal bytes."""
    header, chunks, offset = {"__metadata__": metadata}, [], 0
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        if array.dtype.name not in WRITABLE:
            raise SafetensorsError(f"tensor {name} has type {array.dtype.name}, expected one of {', '.join(WRITABLE)}")
        chunk = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {
            "dtype": WRITABLE[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(chunk)],
        }
        chunks.append(chunk)
        offset += len(chunk)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))
