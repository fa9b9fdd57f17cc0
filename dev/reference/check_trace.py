#!/usr/bin/env python3
"""Computes a trace anew with the reference and compares: `medmoe trace` against an independent implementation.

    .build/python/bin/python dev/reference/check_trace.py CHECKPOINT TRACE.safetensors [--tolerance 1e-4]

TRACE holds the prompt's ids, its pixels and every inner value. Prints one line with the largest difference, relative to
the largest magnitude of the tensor it is in; ends with status 1 if one is over the tolerance or a choice differs.
"""
import argparse
import sys

import numpy as np

import medmoe_reference
import safetensors_file

NAMES = {"gate_logits": "gate_logits", "gate_weight": "weight", "routed_output": "routed", "meta_output": "meta"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("trace")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()

    ours = safetensors_file.read_file(arguments.trace)
    model = medmoe_reference.Model(arguments.checkpoint, dtype=np.float64)
    pixels = list(ours["pixel_values"].astype(np.float64)) if "pixel_values" in ours else []
    theirs, cache = model.prefill(ours["input_ids"].tolist(), pixels)
    pairs = [("logits", theirs["logits"])]
    pairs += [(f"hidden_states.{i}", theirs[f"hidden.{i}"]) for i in range(model.config.layers + 1)]
    if pixels:
        pairs += [("vision_features", theirs["clip_features"]), ("image_embeddings", theirs["projected"])]
    failures = []
    for layer in model.config.moe_layers:
        for name, key in NAMES.items():
            if name == "meta_output" and not model.has_meta(layer):
                if f"meta_output.{layer}" in ours:
                    failures.append(f"meta_output.{layer}: the checkpoint has no meta expert")
                continue
            pairs.append((f"{name}.{layer}", theirs[f"moe.{layer}.{key}"]))
        if not np.array_equal(ours[f"expert_index.{layer}"].squeeze(), theirs[f"moe.{layer}.expert"].squeeze()):
            failures.append(f"layer {layer}: other experts")
    worst = (0.0, "none")
    for name, expected in pairs:
        found = ours[name].astype(np.float64).reshape(-1)
        expected = np.asarray(expected, dtype=np.float64).reshape(-1)
        if found.shape != expected.shape:
            failures.append(f"{name}: {found.size} numbers, expected {expected.size}")
            continue
        difference = float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))
        worst = max(worst, (difference, name))
        # Not `difference > tolerance`: a NaN must fail too.
        if not difference <= arguments.tolerance:
            failures.append(f"{name}: off by {difference:.3g}")
    generated = ours["generated_ids"].tolist()
    if generated:
        ids, _ = model.greedy(theirs, cache, len(generated))
        if ids != generated:
            failures.append(f"generated {generated}, expected {ids}")
    experts = {int(e) for layer in model.config.moe_layers for e in ours[f"expert_index.{layer}"].reshape(-1)}
    print(f"{len(pairs)} tensors, largest difference {worst[0]:.2e} in {worst[1]}; experts used {sorted(experts)}")
    for failure in failures:
        print(f"FAILED {failure}")
    return 1 if failures else 0


sys.exit(main())
