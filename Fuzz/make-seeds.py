#!/usr/bin/env python3
"""Writes the seeds of the fuzzer's corpus from the repository's own fixtures and its nano model.

    Fuzz/make-seeds.py FOLDER

Every entry gets a folder of small files below FOLDER. `dev/fuzz` calls this, and libFuzzer goes on from there.
"""

import json
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "Tests/Fixtures/images"
NANO = ROOT / "models/medmoe-nano"
TINY = ROOT / "Tests/Fixtures/text"
LARGEST = 16 * 1024
CUT = b"\n----\n"


def joined(*parts):
    return CUT.join(part if isinstance(part, bytes) else json.dumps(part).encode() for part in parts)


def safetensors_header():
    def tensor(dtype, shape, begin, end):
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

    files = {
        "one": ({"a": tensor("F32", [2], 0, 8)}, 8),
        "kinds": (
            {
                "__metadata__": {"format": "pt"},
                "half": tensor("F16", [2, 2], 0, 8),
                "brain": tensor("BF16", [3], 8, 14),
                "whole": tensor("I64", [1], 14, 22),
                "small": tensor("I32", [1], 22, 26),
                "bytes": tensor("U8", [2], 26, 28),
            },
            28,
        ),
        "scalar": ({"s": tensor("F32", [], 0, 4)}, 4),
        "nothing": ({}, 0),
        "no-numbers": ({"e": tensor("F32", [0, 9223372036854775807], 0, 0)}, 0),
        "gap": ({"a": tensor("U8", [1], 1, 2)}, 2),
        "overlap": ({"a": tensor("U8", [2], 0, 2), "b": tensor("U8", [2], 1, 3)}, 3),
        "overflow": ({"a": tensor("F32", [4294967296, 4294967296], 0, 8)}, 8),
        "backwards": ({"a": tensor("U8", [1], 9223372036854775807, 0)}, 1),
    }
    for name, (header, length) in files.items():
        text = json.dumps(header).encode()
        yield name, text + b"\0" + bytes(range(1, length + 1))
        yield name + "-whole", struct.pack("<Q", len(text)) + text + bytes(length)
    yield "twice", b'{"a":{},"a":{}}'
    yield "huge-length", b"\xff" * 8
    # The nano model's own header, as far as its first tensors.
    with open(NANO / "model.safetensors", "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    first = {name: value for name, value in list(header.items())[:4]}
    yield "nano", json.dumps(first).encode()


def index():
    yield "good", joined({"metadata": {"total_size": 20},
                          "weight_map": {"a": "a.safetensors", "b": "a.safetensors", "c": "b.safetensors"}})
    yield "wrong-file", joined({"weight_map": {"c": "a.safetensors"}})
    yield "no-file", joined({"weight_map": {"a": "z.safetensors"}})
    yield "outside", joined({"weight_map": {"a": "../a.safetensors"}})
    yield "folder", joined({"weight_map": {"a": "."}})
    yield "itself", joined({"weight_map": {"a": "model.safetensors.index.json"}})
    yield "empty", joined({"weight_map": {}})
    yield "list", b"[]"


def manifest():
    tensors = {"a": {"file": "a.safetensors", "dtype": "F32", "shape": [2]},
               "b": {"file": "a.safetensors", "dtype": "F32", "shape": [1]},
               "c": {"file": "b.safetensors", "dtype": "F32", "shape": [2]}}
    good = {"version": 1, "layout_hash": "ab" * 32, "experts": {"0.1": "cd" * 32, "2.meta": "ef" * 32},
            "tensors": tensors}
    far = {"file": "z.safetensors", "dtype": "BF16", "shape": [1 << 40, 64]}
    yield "good", joined(good)
    yield "a-part", joined(good | {"tensors": tensors | {"d": far | {"shape": [4, 8]}}})
    yield "far-too-large", joined(good | {"tensors": tensors | {"d": far, "e": far | {"shape": [1 << 62]}}})
    yield "outside", joined(good | {"tensors": {"a": tensors["a"] | {"file": "../a.safetensors"}}})
    yield "version", joined(good | {"version": 2})
    yield "no-hash", joined(good | {"layout_hash": "ab"})
    yield "expert", joined(good | {"experts": {"0.-1": "cd" * 32}})
    yield "list", b"[]"


def config():
    tiny = {
        "model_type": "moe_llava_stablelm", "hidden_act": "silu", "hidden_size": 8, "intermediate_size": 12,
        "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "norm_eps": 1e-05,
        "rope_pct": 0.5, "rope_theta": 10000, "max_position_embeddings": 16, "eos_token_id": 3,
        "image_aspect_ratio": "pad", "mm_hidden_size": 4, "mm_vision_select_layer": -2,
        "moe": {"moe_enable": True, "moe_mode": "sparse", "moe_layers_idx": [0], "num_experts": [2],
                "top_k_experts": 1, "use_residual": False},
        "vision_config": {"hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 2,
                          "num_attention_heads": 2, "image_size": 4, "patch_size": 2},
    }
    nano = [(NANO / name).read_bytes() for name in ("config.json", "generation_config.json",
                                                   "preprocessor_config.json")]
    yield "tiny", joined(tiny)
    yield "tiny-all", joined(tiny, {"eos_token_id": [1, 2]}, {"size": 84, "crop_size": {"height": 84, "width": 84}})
    yield "nano", joined(*nano)
    for mode in ("first_half", "second_half", "dense", "sparse", "custom"):
        moe = {"moe_mode": mode, "num_experts": 2, "top_k_experts": 2}
        yield "mode-" + mode, joined(tiny | {"moe": moe})
    yield "tower", joined({key: value for key, value in tiny.items() if key != "vision_config"}
                          | {"mm_image_tower": "../tower/clip", "mm_hidden_size": 1024})
    yield "select", joined(tiny | {"mm_vision_select_layer": 2})
    yield "names", joined(tiny | {"num_heads": 2, "layer_norm_eps": 1e-05, "partial_rotary_factor": 0.5})
    yield "preprocessor", joined(tiny, {}, {"size": {"shortest_edge": 4}, "do_resize": False, "resample": 3,
                                            "image_mean": [0, 0, 0], "image_std": [1, 1, 1], "rescale_factor": 0.5})


def tokenizer():
    vocabulary = {"<|endoftext|>": 0, "a": 1, "b": 2, "ab": 3, "\u0120": 4, "\u0120a": 5, "ab\u0120": 6, "\u00c3": 7}
    merges = "#version: 0.2\na b\n\u0120 a\nab \u0120\n".encode()
    text = "ab a <|endoftext|>b<image>\u00e9 1x".encode()
    token = {"content": "<|endoftext|>", "lstrip": True, "rstrip": True, "single_word": True, "special": True}
    configuration = {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True, "add_prefix_space": True,
                     "clean_up_tokenization_spaces": True, "added_tokens_decoder": {"0": token},
                     "additional_special_tokens": ["<x>"]}
    yield "plain", joined(vocabulary, merges, text)
    yield "configured", joined(vocabulary, merges, text, configuration)
    legacy = {"bos_token": "<|endoftext|>", "unk_token": token, "eos_token": None,
              "additional_special_tokens": ["<y>", "ab"]}
    yield "legacy", joined(vocabulary, merges, text, {"add_bos_token": True}, legacy, {"<x>": 8, "<y>": 9})
    yield "sparse-ids", joined({"a": 0, "b": 1000, "ab": 4194304}, merges[:18], text)
    yield "two-texts-one-id", joined({"a": 0, "b": 0}, b"", text)
    yield "no-merge", joined(vocabulary, b"#version: 0.2\na z\n", text)
    for name in ("tiny-flags", "tiny-legacy"):
        files = {path.name: path.read_bytes() for path in (TINY / name).iterdir()}
        yield name, joined(files["vocab.json"], files["merges.txt"], text, files["tokenizer_config.json"],
                           files.get("special_tokens_map.json", b""), files.get("added_tokens.json", b""))
    # The same vocabulary as one file, with each of the rules that cut words.
    contractions, marks = "(?i:'s|'t|'re|'ve|'m|'ll|'d)", r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    rules = {
        "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        "cl100k": contractions + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + marks,
        "arcade": contractions + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + marks,
    }
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    added = [token | {"id": 0, "normalized": False}, {"id": 9, "content": "e\u0301", "normalized": True}]
    model = {"type": "BPE", "unk_token": "<|endoftext|>", "vocab": vocabulary, "merges": [["a", "b"], "\u0120 a"]}
    for name, rule in rules.items():
        split = {"type": "Split", "pattern": {"Regex": rule}, "behavior": "Isolated", "invert": False}
        cutting = {"type": "Sequence", "pretokenizers": [split, byte_level]}
        file = {"version": "1.0", "added_tokens": added, "normalizer": {"type": "NFC"} if name == "arcade" else None,
                "pre_tokenizer": cutting, "decoder": {"type": "ByteLevel"}, "model": model}
        yield "file-" + name, joined(b"", b"", text + b"12", configuration, b"{}", b"{}", file)
    whole = model | {"ignore_merges": True}
    file = {"pre_tokenizer": byte_level | {"use_regex": True, "add_prefix_space": True}, "model": whole}
    yield "file-whole-words", joined(b"", b"", text, b"{}", b"{}", b"{}", file)


def images(suffix):
    def give():
        for kind in ("good", "bad"):
            for path in sorted((IMAGES / kind).glob("*" + suffix)):
                yield f"{kind}-{path.stem}", path.read_bytes()
    return give


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number, value):
    """One field of a protobuf message: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(*fields):
    return b"".join(field(number, value) for number, value in fields)


def wire():
    key, meta = message((1, 2), (3, 1)), message((1, 2), (2, 1))
    digest = bytes(range(32))
    group = message((1, key), (2, 2), (3, digest))
    sealed = b"\x0d" + struct.pack("<I", 0x12345678)
    hello = message((1, b"ct"), (2, 7), (3, 2), (4, digest), (5, 4), (6, 1), (7, message((1, key), (2, digest))),
                    (7, message((1, meta), (2, digest))), (8, b"f32"), (9, b"medmoe/1"), (10, 1 << 20), (11, 1))
    bodies = {
        "hello": (3, hello),
        "dispatch": (4, message((1, group), (2, 4), (3, 1), (4, 500), (5, 1), (6, sealed))),
        "result": (5, message((1, group), (2, 4), (3, 1), (4, 9), (5, 9), (6, 1), (7, sealed))),
        "fault": (6, message((1, 4), (2, b"not ready"), (3, key), (4, 1), (5, 2))),
        "heartbeat": (7, message((1, 7), (2, 5), (3, 3), (4, 1))),
        "goodbye": (8, message((1, b"shutting down"))),
        "cancel": (9, b""),
        "assign": (10, message((1, 3), (2, key), (2, meta), (3, 1))),
    }
    for name, body in bodies.items():
        header = message((1, 1), (2, 12), body)
        yield name, CUT.join([header, bytes(32)] if name in ("dispatch", "result") else [header])


def placement():
    nodes = [{"id": "ct", "endpoint": "tcp://10.0.0.2:7000", "experts": "*.1", "key": "a" * 40},
             {"id": "rest", "endpoint": "ipc:///run/rest", "experts": "all", "drain": True},
             {"id": "spare", "endpoint": "tcp://[::1]:7000", "experts": "none"}]
    yield "good", joined({"epoch": 3, "nodes": nodes})
    yield "twice", joined({"epoch": 3, "nodes": [nodes[0], nodes[0]]})
    yield "empty", joined({"epoch": 1, "nodes": []})
    yield "free", joined({"epoch": 1, "nodes": [{"id": "a", "endpoint": "tcp://a:1"}]})


def allow_list():
    keys = ["Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"]
    yield "good", joined({"routers": [{"name": "front", "key": keys[0]}],
                          "nodes": [{"name": "ct", "key": keys[1], "experts": "*.1,0.meta", "endpoint": "tcp://a:1"}]})
    yield "short", joined({"routers": [{"name": "front", "key": "abc"}], "nodes": []})
    yield "empty", joined({"routers": [], "nodes": []})


ENTRIES = {
    "wire": wire,
    "placement": placement,
    "allow-list": allow_list,
    "safetensors-header": safetensors_header,
    "index": index,
    "manifest": manifest,
    "config": config,
    "tokenizer": tokenizer,
    "dicom": images(".dcm"),
    "png": images(".png"),
    "jpeg": images(".jpg"),
    "tiff": images(".tif"),
    "webp": images(".webp"),
}


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    for entry, seeds in ENTRIES.items():
        folder = Path(sys.argv[1]) / entry
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds():
            if len(content) <= LARGEST:
                (folder / name).write_bytes(content)
    return 0


sys.exit(main())
