#!/usr/bin/env python3
"""Compares the reference with values that other code computed, and prints the largest differences.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install -r dev/reference/requirements.txt
    /tmp/reference/bin/python dev/reference/check_golden.py --golden GOLDEN --nano models/medmoe-nano [--data DATA]

GOLDEN holds `stablelm-tiny`, `images`, `preprocess_cases.json` and `tokenizer_cases.json` made by the original code;
DATA the pictures that the nano checkpoint's `expected.json` names (without it, only its items with stored pixels run).
Ends with status 1 if anything is off by more than `--tolerance`, or if any id or expert differs.
"""
import argparse
import collections
import json
import pathlib
import sys

import numpy as np
from PIL import Image

import clip_image
import medmoe_reference
import safetensors_file


class Report:
    """The largest difference seen for each kind of value, and every mismatch of exact values."""

    def __init__(self, tolerance):
        self.tolerance = tolerance
        self.largest = collections.defaultdict(float)
        self.counts = collections.Counter()
        self.failures = []

    def close(self, kind, where, ours, theirs, tolerance=None):
        ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
        if ours.shape != theirs.shape:
            self.failures.append(f"{where}: shape {ours.shape}, expected {theirs.shape}")
            return
        difference = float(np.abs(ours - theirs).max())
        self.counts[kind] += 1
        self.largest[kind] = max(self.largest[kind], difference)
        # Not `difference > tolerance`: a NaN must fail too.
        if not difference <= (self.tolerance if tolerance is None else tolerance):
            self.failures.append(f"{where}: off by {difference:.3g}")

    def equal(self, kind, where, ours, theirs):
        self.counts[kind] += 1
        if ours != theirs:
            self.failures.append(f"{where}: {ours!r}, expected {theirs!r}")

    def show(self, title):
        print(title)
        for kind, count in sorted(self.counts.items()):
            text = f"largest difference {self.largest[kind]:.2e}" if kind in self.largest else "equality asked"
            print(f"  {kind:<16} {count:4d} compared, {text}")
        for failure in self.failures:
            print(f"  FAILED {failure}")
        print(f"  {'FAILED' if self.failures else 'ok'}")
        return not self.failures


def kind_of(name):
    """`moe.2.gate_logits` -> `gate_logits`, `hidden.3` -> `hidden`."""
    parts = [part for part in name.split(".") if not part.isdigit()]
    return parts[-1]


def check_tokenizer(golden, model, report):
    for number, case in enumerate(json.loads((golden / "tokenizer_cases.json").read_text())["cases"]):
        expected, tokenizer = case["stablelm"], model.tokenizer
        report.equal("token ids", f"string {number}", tokenizer.encode(case["text"]), expected["ids"])
        report.equal("text", f"string {number}", tokenizer.decode(expected["ids"]), expected["decoded"])
        raw = tokenizer.decode(expected["ids"], skip_special=False, clean_up=False)
        report.equal("text", f"string {number} raw", raw, expected["decoded_raw"])


def check_preprocessing(golden, report):
    tensors = safetensors_file.read_file(golden / "preprocess.safetensors")
    for case in json.loads((golden / "preprocess_cases.json").read_text())["cases"]:
        settings = clip_image.ImageSettings(edge=case["size"])
        with Image.open(golden / "images" / case["image"]) as image:
            ours = clip_image.cropped_bytes(image, settings, case["pad"])
        report.close("bytes", case["key"], ours, tensors[case["key"]], tolerance=0)


def check_case(golden, model, case, tensors, sample_ids, report):
    """One case of the golden file: ids, every stored tensor, greedy decoding."""
    name = case["name"]
    prompt = case["prompt"] if case["turns"] is None else medmoe_reference.render(case["turns"])
    report.equal("prompt", f"{name} prompt", prompt, case["prompt"])
    ids = medmoe_reference.tokenize(model.tokenizer, prompt)
    report.equal("token ids", f"{name} input_ids", ids, case["input_ids"])
    pixels = [model.preprocess(golden / "images" / file, case["pad"]) for file in case["images"]]
    trace, cache = model.prefill(ids, pixels)
    logits = trace["logits"]
    report.equal("spans", f"{name} image_spans", trace["image_spans"], case["image_spans"])
    report.equal("length", f"{name} sequence_length", len(logits), case["sequence_length"])
    for layer, experts in case["experts"].items():
        report.equal("experts", f"{name} experts {layer}", trace[f"moe.{layer}.expert"].tolist(), experts)

    special = {
        "logits_full": lambda: logits,
        "logits_last": lambda: logits[-1],
        "logits_lse": lambda: np.log(np.exp(logits - 100.0).sum(axis=-1)) + 100,
        "logits_sample": lambda: logits[:, sample_ids],
        "logits_top_values": lambda: np.take_along_axis(logits, stored("logits_top_ids").astype(np.int64), axis=-1),
        "clip_hidden": lambda: trace["clip_hidden"][0],
    }

    def stored(part):
        return tensors[f"{name}/{part}"]

    parts = [key.split("/", 1)[1] for key in tensors if key.startswith(f"{name}/")]
    for part in parts:
        if part.startswith("top2.") or part.startswith("greedy_top") or part == "logits_top_ids":
            continue
        ours = special[part]() if part in special else trace[part]
        report.close(kind_of(part), f"{name}/{part}", ours, stored(part))
    top2 = {}
    if "top2.0.output" in parts:
        output = model.mixture(0, trace["moe.0.input"], top2, top_k=2)
        report.close("top-2 combine", f"{name}/top2.0.combine", top2["moe.0.combine"], stored("top2.0.combine"))
        report.close("top-2 output", f"{name}/top2.0.output", output, stored("top2.0.output"))

    greedy, steps = model.greedy(trace, cache, limit=16)
    report.equal("greedy ids", f"{name} greedy_ids", greedy, case["greedy_ids"])
    report.equal("text", f"{name} greedy_text", model.tokenizer.decode(greedy).strip(), case["greedy_text"])
    if greedy == case["greedy_ids"]:
        at = stored("greedy_top_ids").astype(np.int64)
        report.close("greedy logits", name, np.take_along_axis(steps, at, axis=-1), stored("greedy_top_values"))
        # The cache against a plain run over prompt and answer.
        again, _ = model.prefill(ids + greedy[:-1], pixels)
        report.close("cache", f"{name} cached against plain", steps, again["logits"][-len(greedy) :])


def check_golden(golden, dtype, tolerance):
    report = Report(tolerance)
    model = medmoe_reference.Model(golden / "stablelm-tiny", dtype)
    check_tokenizer(golden, model, report)
    check_preprocessing(golden, report)
    values = json.loads((golden / "stablelm-tiny" / "cases.json").read_text())
    tensors = safetensors_file.read_file(golden / "stablelm-tiny" / "cases.safetensors")
    for case in values["cases"]:
        check_case(golden, model, case, tensors, tensors["sample_vocab_ids"], report)
    return report.show(f"stablelm-tiny, {np.dtype(dtype)}, {len(values['cases'])} cases")


def check_item(model, item, data, tensors, report):
    """One item of the nano checkpoint's `expected.json`."""
    name = item["id"]
    ids = medmoe_reference.tokenize(model.tokenizer, item["prompt"])
    prompt = medmoe_reference.render([("<image>\n" + item["question"], None)])
    report.equal("prompt", f"{name} prompt", prompt, item["prompt"])
    report.equal("token ids", f"{name} input_ids", ids, item["input_ids"])
    stored = {part: tensors[f"{name}.{part}"] for part in PARTS} if item["tensors"] else {}
    pixels = model.preprocess(data / item["image"], pad=False) if data else stored["pixel_values"]
    trace, cache = model.prefill(ids, [pixels])
    if stored:
        ours = {
            "pixel_values": pixels,
            "vision_features": trace["clip_features"][0],
            "image_features": trace["projected"][0],
            "hidden_states": np.stack([trace[f"hidden.{index}"] for index in range(model.config.layers + 1)]),
            "final_norm": trace["final_hidden"],
            "logits": trace["logits"],
        }
        for part, theirs in stored.items():
            report.close(part, f"{name}.{part}", ours[part], theirs)
    report.equal("experts", f"{name} experts", trace["moe.0.expert"].tolist(), item["expert_first_moe_layer"])
    best = [entry["id"] for entry in item["first_token_top5"]]
    last = trace["logits"][-1]
    report.equal("best five", f"{name} best five", np.argsort(-last)[:5].tolist(), best)
    report.close("best five logits", name, last[best], [entry["logit"] for entry in item["first_token_top5"]])
    greedy, _ = model.greedy(trace, cache, limit=32)
    answer = [number for number in greedy if number != model.config.eos]
    report.equal("greedy ids", f"{name} answer_ids", answer, item["answer_ids"])
    report.equal("text", f"{name} answer", model.tokenizer.decode(greedy).strip(), item["answer"])


PARTS = ("pixel_values", "vision_features", "image_features", "hidden_states", "final_norm", "logits")


def check_nano(folder, data, dtype, tolerance):
    report = Report(tolerance)
    model = medmoe_reference.Model(folder, dtype)
    tensors = safetensors_file.read_file(folder / "expected.safetensors")
    items = json.loads((folder / "expected.json").read_text())["items"]
    if data is None:
        items = [item for item in items if item["tensors"]]
        print("no --data: only the items with stored pixels are checked")
    for item in items:
        check_item(model, item, data, tensors, report)
    return report.show(f"medmoe-nano, {np.dtype(dtype)}, {len(items)} items")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--golden", type=pathlib.Path, help="folder with stablelm-tiny and the rest")
    parser.add_argument("--nano", type=pathlib.Path, help="the nano checkpoint with expected.json")
    parser.add_argument("--data", type=pathlib.Path, help="folder that the paths in expected.json start from")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()
    if not options.golden and not options.nano:
        parser.error("expected --golden, --nano or both")
    good = True
    if options.golden:
        good &= check_golden(options.golden, options.dtype, options.tolerance)
    if options.nano:
        good &= check_nano(options.nano, options.data, options.dtype, options.tolerance)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
