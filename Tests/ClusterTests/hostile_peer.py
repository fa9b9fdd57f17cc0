"""Says to a running expert node what no router would say: python hostile_peer.py tcp://127.0.0.1:PORT HIDDEN_SIZE.

Every message has to be answered by a fault or dropped, and an honest dispatch afterwards has to be answered by a result
of the right size. The wire is encoded here by hand, independently of the project's own code.
"""

import os
import socket
import struct
import sys

import zmq

endpoint, hidden = sys.argv[1], int(sys.argv[2])
context = zmq.Context()
HELLO, DISPATCH, RESULT, FAULT = 3, 4, 5, 6


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def text(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def crc32c(data, before):
    """The Castagnoli checksum that a dispatch carries of its rows, begun with the request's number."""
    crc = 0xFFFFFFFF ^ before
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def checksum(data, request, value=None):
    """The field of a dispatch with the checksum of the frame that follows, or with another."""
    number = crc32c(data, request) if value is None else value
    return text(6, b"\x0d" + struct.pack("<I", number))


def header(request, field, body, version=1):
    return number(1, version) + number(2, request) + text(field, body)


def dispatch(rows, layer=0, index=0, size=None, dtype=1, deadline=5000, groups=None):
    group = text(1, number(1, layer) + number(3, index)) + number(2, rows)
    body = groups if groups is not None else text(1, group)
    return body + number(2, hidden if size is None else size) + number(3, dtype) + number(4, deadline)


def ask(request, body, frame, version=1):
    """The frames of a dispatch whose rows are what its checksum says."""
    return [header(request, DISPATCH, body + checksum(frame, request), version), frame]


def body_field(frame):
    """The field number of a header's body: the first length-delimited field after version and request."""
    position = 0
    while position < len(frame):
        key, position = read_varint(frame, position)
        if key & 7 == 2:
            return key >> 3
        _, position = read_varint(frame, position)
    return None


def read_varint(frame, position):
    value = shift = 0
    while True:
        byte = frame[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def peer():
    link = context.socket(zmq.DEALER)
    link.setsockopt(zmq.LINGER, 0)
    link.setsockopt(zmq.RCVTIMEO, 10_000)
    link.connect(endpoint)
    return link


def honest(name):
    """A dispatch of two rows for expert 0.0 is answered by a result of two rows."""
    link = peer()
    link.send_multipart(ask(1, dispatch(2), struct.pack(f"<{2 * hidden}f", *([0.5] * 2 * hidden))))
    while True:
        frames = link.recv_multipart()
        if body_field(frames[0]) == RESULT:
            break
        assert body_field(frames[0]) != FAULT, (name, frames[0])
    assert len(frames) == 2 and len(frames[1]) == 2 * hidden * 4, (name, [len(frame) for frame in frames])
    link.close()
    return frames[1]


row = b"\0" * hidden * 4
reference = honest("before")
lies = {
    "more rows than bytes": ask(1, dispatch(1000), row),
    "fewer rows than bytes": ask(1, dispatch(1), row * 9),
    "rows that overflow": ask(1, dispatch(0xFFFFFFFF), row),
    "no rows": ask(1, dispatch(0), b""),
    "another hidden size": ask(1, dispatch(1, size=hidden * 2), row * 2),
    "hidden size 0": ask(1, dispatch(1, size=0), row),
    "a huge hidden size": ask(1, dispatch(1, size=2**31), row),
    "an expert that is not here": ask(1, dispatch(1, layer=0, index=3), row),
    "a layer that is not there": ask(1, dispatch(1, layer=60_000), row),
    "another number type's bytes": ask(1, dispatch(1, dtype=3), row),
    "an unknown number type": ask(1, dispatch(1, dtype=77), row),
    "no groups": ask(1, dispatch(1, groups=b""), row),
    "no checksum": [header(1, DISPATCH, dispatch(1)), row],
    "a wrong checksum": [header(1, DISPATCH, dispatch(1) + checksum(row, 1, 7)), row],
    "an empty checksum": [header(1, DISPATCH, dispatch(1) + text(6, b"")), row],
    "no tensor frame": [header(1, DISPATCH, dispatch(1))],
    "three frames": [header(1, DISPATCH, dispatch(1)), row, row],
    "request number 0": ask(0, dispatch(1), row),
    "another version": ask(1, dispatch(1), row, version=2),
    "a result": [header(1, RESULT, dispatch(1)), row],
    "no body": [number(1, 1) + number(2, 1)],
    "an empty frame": [b""],
    "garbage": [b"\xff" * 300],
    "random bytes": [os.urandom(5000), os.urandom(5000)],
    "a header of 2 MiB": [b"\x0a" * (2 << 20)],
}
for name, frames in lies.items():
    link = peer()
    link.send_multipart(frames)
    answer = link.recv_multipart()
    assert body_field(answer[0]) == FAULT, (name, answer[0])
    link.close()
    assert honest(name) == reference, name

# A frame over the node's limit, and bytes that are not ZeroMQ at all: the connection ends, the node does not.
link = peer()
link.send_multipart([header(1, DISPATCH, dispatch(1)), b"\0" * (65 << 20)])
link.close()
host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
for payload in [b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), b"\xff\0\0\0\0\0\0\0\x01\x7f" + b"\xff" * 200]:
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(payload)
assert honest("after") == reference
print("all checks passed:", len(lies), "lies")
