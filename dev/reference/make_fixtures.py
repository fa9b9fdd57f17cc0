#!/usr/bin/env python3
"""Draws four phantom pictures and computes what the nano checkpoint makes of them, for Tests/Fixtures/phantoms.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install -r dev/reference/requirements.txt
    /tmp/reference/bin/python dev/reference/make_fixtures.py            # draws, computes, writes
    /tmp/reference/bin/python dev/reference/make_fixtures.py --compare  # float32 against what is stored; writes nothing

No real picture is involved: every pixel comes from the formulas below. Values are computed in float64 and stored as
float32, so they carry no rounding error of their own to speak of. A case whose routing or answer hangs on a hair is
refused, so that any sound float32 code can be held to equal experts and equal tokens.
"""
import argparse
import json
import pathlib
import sys

import numpy as np
from PIL import Image

import medmoe_reference
import safetensors_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "Tests" / "Fixtures" / "phantoms"
MAX_NEW_TOKENS = 16
LEAST_GATE_GAP = 1e-3
LEAST_TOP2_GAP = 1e-2
SIZE_LIMIT = 5_000_000


# --- Phantoms --------------------------------------------------------------------------------------------------------


def noise(width, height, cell, seed):
    """Values in 0..<1 [height, width] from an integer hash, one value for each square of `cell` pixels."""
    y, x = np.meshgrid(np.arange(height) // cell, np.arange(width) // cell, indexing="ij")
    value = (x * 374761393 + y * 668265263 + seed * 2246822519 + 374761393) % 2**32
    value = ((value ^ (value >> 13)) * 1274126177) % 2**32
    value = ((value ^ (value >> 16)) * 2654435761) % 2**32
    return (value >> 8) / 2**24


def smooth_noise(width, height, cell, seed):
    """The same, with straight lines between the values at the corners of the squares."""
    columns, rows = width // cell + 2, height // cell + 2
    corners = noise(columns, rows, 1, seed)
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    row, column, v, u = y // cell, x // cell, (y % cell) / cell, (x % cell) / cell
    upper = corners[row, column] * (1 - u) + corners[row, column + 1] * u
    lower = corners[row + 1, column] * (1 - u) + corners[row + 1, column + 1] * u
    return upper * (1 - v) + lower * v


def unit_grid(width, height):
    """x and y in -1...1 over the picture, each [height, width]."""
    return np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))


def ellipse(x, y, centre, radii):
    """Distance from the centre in radii: below 1 inside."""
    return np.sqrt(((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2)


def slice_phantom(width, height):
    """Grey like a CT slice: black around, a bright ring, soft grey inside with darker and lighter organs."""
    x, y = unit_grid(width, height)
    body = ellipse(x, y, (0, 0.05), (0.88, 0.72))
    value = np.where(body < 1, 128 + 14 * (noise(width, height, 1, 1) - 0.5), 0)
    value = np.where((body > 0.93) & (body < 1), 70, value)
    for centre, radii, level in (
        ((-0.38, -0.05), (0.34, 0.42), 158), ((0.42, -0.12), (0.22, 0.26), 150), ((0.1, -0.25), (0.2, 0.14), 38),
        ((-0.3, 0.38), (0.13, 0.17), 172), ((0.33, 0.4), (0.13, 0.17), 172), ((0.0, 0.42), (0.14, 0.12), 235),
        ((0.0, 0.42), (0.06, 0.05), 120), ((0.06, 0.2), (0.07, 0.06), 190),
    ):  # fmt: skip
        value = np.where(ellipse(x, y, centre, radii) < 1, level + 10 * (noise(width, height, 1, 2) - 0.5), value)
    rib = (np.abs(body - 0.86) < 0.035) & (np.sin(11 * np.arctan2(y, x)) > 0.55)
    return np.where(rib, 250, value)[..., None].repeat(3, axis=2)


def radiograph_phantom(width, height):
    """Grey like a chest film: soft vertical slopes, two dark fields crossed by curved ribs, a bright middle."""
    x, y = unit_grid(width, height)
    value = 150 + 45 * y - 70 * np.abs(x) ** 3
    for side in (-1, 1):
        lung = ellipse(x, y, (0.42 * side, -0.1), (0.33, 0.62))
        value = value - 95 / (1 + np.exp(12 * (lung - 1)))
    ribs = np.sin(22 * (y + 0.35 * np.abs(x) ** 1.5))
    value = value + 16 * np.maximum(ribs, 0) * (np.abs(x) > 0.12)
    heart = ellipse(x, y, (0.16, 0.3), (0.3, 0.33))
    value = value + 85 * np.exp(-((x / 0.1) ** 2)) + 70 / (1 + np.exp(14 * (heart - 1)))
    value = value + 6 * (smooth_noise(width, height, 3, 3) - 0.5)
    return value[..., None].repeat(3, axis=2)


def stain_phantom(width, height):
    """Pink tissue with purple nuclei and pale gaps, like an H&E section."""
    tissue = 0.6 * smooth_noise(width, height, 9, 4) + 0.4 * smooth_noise(width, height, 4, 5)
    pink, pale, purple = np.array([222, 150, 192]), np.array([243, 232, 240]), np.array([104, 62, 140])
    value = pink + 46 * (tissue[..., None] - 0.5)
    gaps = smooth_noise(width, height, 23, 6)
    value = np.where((gaps > 0.68)[..., None], pale, value)
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    cell = 11
    for shift in (0, 5):  # Two grids of nuclei, every nucleus moved within its square.
        row, column = (y + shift) // cell, (x + 2 * shift) // cell
        size = (height // cell + 3, width // cell + 3)
        dy, dx, draw = (noise(size[1], size[0], 1, 10 * shift + seed)[row, column] for seed in (7, 8, 9))
        distance = np.hypot((y + shift) % cell - 3 - 5 * dy, (x + 2 * shift) % cell - 3 - 5 * dx)
        nucleus = (distance < 2.2 + 1.6 * draw) & (draw > 0.35) & (gaps < 0.66)
        value = np.where(nucleus[..., None], purple + 40 * (tissue[..., None] - 0.5), value)
    return value


def cone_phantom(width, height):
    """A speckled cone on black with a dark oval, brighter behind it, like an ultrasound frame."""
    x, y = unit_grid(width, height)
    across = x * width / height
    radius, angle = np.hypot(across, y + 1.25), np.arctan2(across, y + 1.25)
    inside = (radius > 0.42) & (radius < 2.15) & (np.abs(angle) < 1.2)
    grain = smooth_noise(width, height, 2, 12) * smooth_noise(width, height, 3, 13)
    layers = 0.65 + 0.35 * np.sin(13 * radius + 1.5 * np.sin(4 * angle))
    value = 330 * grain * layers * np.exp(-0.25 * radius) + 12
    oval = ellipse(across, y, (0.12, 0.0), (0.34, 0.24))
    value = np.where(oval < 1, 9 + 20 * grain, value)
    behind = (np.abs(across - 0.12) < 0.28) & (y > 0.22)
    value = np.where(behind, 1.5 * value, value)
    return np.where(inside, value, 0)[..., None].repeat(3, axis=2)


# Name -> formula, width, height: smaller than the crop, tall, odd, wide.
PHANTOMS = {
    "slice_small.png": (slice_phantom, 109, 95),
    "radiograph_tall.png": (radiograph_phantom, 157, 260),
    "stain_odd.png": (stain_phantom, 173, 129),
    "cone_wide.png": (cone_phantom, 262, 170),
}
GREY = {"slice_small.png", "radiograph_tall.png"}


def draw(name):
    """A phantom as a picture; two of the four are stored as one-channel PNG, so that widening to RGB is met too."""
    formula, width, height = PHANTOMS[name]
    pixels = np.clip(np.rint(formula(width, height)), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if name in GREY else pixels)


# --- Cases -----------------------------------------------------------------------------------------------------------

# (name, template, turns or prompt, pictures, pad, what is stored: "full", "full+logits" or "short")
CASES = (
    ("text_raw", None, "Is the heart enlarged?", [], None, "full"),
    ("text_chat", "stablelm", [("What does an ultrasound show?", None)], [], None, "full+logits"),
    ("slice_nopad", "stablelm", [("<image>\nIdentify the modality.", None)], ["slice_small.png"], False, "full"),
    ("radiograph_pad", "stablelm", [("<image>\nWhat body part is in the image?", None)], ["radiograph_tall.png"], True,
     "short"),
    ("stain_two_turns", "stablelm",
     [("<image>\nWhat kind of image is this?", "histopathology"), ("Is this an X-ray image?", None)],
     ["stain_odd.png"], False, "short"),
    ("cone_long", "stablelm",
     [("<image>\nPlease look at the whole picture with care, from the upper edge to the lower one, and tell me in one "
       "or two words: which imaging technique was used, and is the dark oval in the middle (about 3.5 cm) benign, "
       "malignant or normal?", None)], ["cone_wide.png"], True, "short"),
    ("cone_nopad", "stablelm", [("<image>\nWhat is the diagnosis?", None)], ["cone_wide.png"], False, "short"),
    ("two_pictures", "stablelm", [("<image>\n<image>\nIs this a CT scan?", None)],
     ["slice_small.png", "stain_odd.png"], False, "short"),
)  # fmt: skip


def stored_names(trace, depth, config):
    """Which tensors of a case go into the file; a short case keeps the first and the last hidden state."""
    names = [name for name in ("pixel_values", "clip_features", "projected") if name in trace]
    layers = range(config.layers + 1) if depth != "short" else (0, config.layers)
    names += [f"hidden.{index}" for index in layers] + ["final_hidden"] * (depth != "short")
    for index in config.moe_layers:
        names += [f"moe.{index}.{part}" for part in ("gate_logits", "expert", "weight")]
        names += [f"moe.{index}.{part}" for part in ("routed", "meta")] if depth != "short" else []
    return names


def compute(model, case, folder):
    """One case -> (its entry of cases.json, its tensors)."""
    name, template, turns, images, pad, depth = case
    prompt = turns if template is None else medmoe_reference.render(turns)
    ids = medmoe_reference.tokenize(model.tokenizer, prompt)
    trace, cache = model.prefill(ids, [model.preprocess(folder / image, pad) for image in images])
    greedy, steps = model.greedy(trace, cache, MAX_NEW_TOKENS)
    best = -np.sort(-steps, axis=-1)
    layers = model.config.moe_layers
    gates = {index: -np.sort(-trace[f"moe.{index}.gate_logits"], axis=-1) for index in layers}
    experts = {index: trace[f"moe.{index}.expert"] for index in layers}
    entry = {
        "name": name,
        "template": template,
        "turns": None if template is None else turns,
        "images": images,
        "pad": pad,
        "prompt": prompt,
        "input_ids": ids,
        "sequence_length": len(trace["logits"]),
        "image_spans": trace["image_spans"],
        "experts": {str(index): experts[index].tolist() for index in layers},
        "expert_counts": {
            str(index): np.bincount(experts[index], minlength=gates[index].shape[1]).tolist() for index in layers
        },
        "min_gate_gap": {str(index): round(float((gap[:, 0] - gap[:, 1]).min()), 6) for index, gap in gates.items()},
        "next_token": greedy[0],
        "greedy_ids": greedy,
        "greedy_text": model.tokenizer.decode(greedy).strip(),
        "greedy_finish": "eos" if greedy[-1] == model.config.eos else "length",
        "greedy_min_top2_gap": round(float((best[:, 0] - best[:, 1]).min()), 6),
    }
    tensors = {part: trace[part] for part in stored_names(trace, depth, model.config)}
    tensors["logits_last"] = trace["logits"][-1]
    tensors["greedy_top_ids"] = np.argsort(-steps, axis=-1, kind="stable")[:, :8].astype(np.int32)
    tensors["greedy_top_values"] = best[:, :8]
    if depth == "full+logits":
        tensors["logits_full"] = trace["logits"]
    return entry, {
        f"{name}/{part}": value if value.dtype == np.int32 else value.astype(np.float32)
        for part, value in tensors.items()
    }


def compute_all(model, folder):
    """Every case -> (contents of cases.json, tensors); a case that is not comfortable is an error."""
    entries, tensors = [], {}
    for case in CASES:
        entry, values = compute(model, case, folder)
        gate = min(entry["min_gate_gap"].values())
        print(
            f"{entry['name']:<16} T {entry['sequence_length']:4d}  gate gap {gate:.4f}"
            f"  top-2 gap {entry['greedy_min_top2_gap']:.4f}  {entry['greedy_text']!r} ({entry['greedy_finish']})"
        )
        if gate < LEAST_GATE_GAP or entry["greedy_min_top2_gap"] < LEAST_TOP2_GAP:
            sys.exit(f"{entry['name']}: gaps under {LEAST_GATE_GAP} and {LEAST_TOP2_GAP}; choose another question")
        entries.append(entry)
        tensors |= values
    config = model.config
    contents = {
        "precision": "float64, stored as float32",
        "vocab_after_resize": model.tokenizer.size,
        "eos_token_id": config.eos,
        "pad_token_id": config.pad,
        "moe_layers": list(config.moe_layers),
        "image_size": config.image.edge,
        "clip_folder": None,
        "max_new_tokens": MAX_NEW_TOKENS,
        "logits_std": round(float(tensors["text_chat/logits_full"].std()), 4),
        "cases": entries,
    }
    return contents, tensors


# --- Commands --------------------------------------------------------------------------------------------------------


def compare(model, folder):
    """Computes again in the model's type and prints the differences from what is stored; True if all is well."""
    contents, tensors = compute_all(model, folder)
    stored = safetensors_file.read_file(folder / "cases.safetensors")
    entries = json.loads((folder / "cases.json").read_text())["cases"]
    good, largest = stored.keys() == tensors.keys(), {}
    for name in stored.keys() & tensors.keys():
        kind = next(part for part in reversed(name.replace("/", ".").split(".")) if not part.isdigit())
        if stored[name].shape != tensors[name].shape:
            sys.exit(f"{name}: shape {tensors[name].shape}, stored {stored[name].shape}")
        difference = np.abs(stored[name].astype(np.float64) - tensors[name])
        # np.maximum, unlike max, lets a NaN through to the last line, where it fails.
        largest[kind] = float(np.maximum(largest.get(kind, 0), difference.max()))
    for kind in sorted(largest):
        print(f"  {kind:<18} largest difference {largest[kind]:.2e}")
    for ours, theirs in zip(json.loads(json.dumps(contents["cases"])), entries, strict=True):
        for field in ("input_ids", "prompt", "experts", "image_spans", "greedy_ids", "greedy_text", "greedy_finish"):
            if ours[field] != theirs[field]:
                print(f"  {theirs['name']}: {field} differs")
                good = False
    for name in PHANTOMS:
        with Image.open(folder / name) as image:
            if not np.array_equal(np.asarray(image), np.asarray(draw(name))):
                print(f"  {name}: pixels differ from the formula")
                good = False
    return good and all(difference <= 1e-3 for difference in largest.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "models" / "medmoe-nano")
    parser.add_argument("--out", type=pathlib.Path, default=FOLDER)
    parser.add_argument("--compare", action="store_true", help="float32 against what is stored; write nothing")
    options = parser.parse_args()
    if options.compare:
        sys.exit(0 if compare(medmoe_reference.Model(options.model, np.float32), options.out) else 1)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in PHANTOMS:
        draw(name).save(options.out / name, optimize=True)
    contents, tensors = compute_all(medmoe_reference.Model(options.model, np.float64), options.out)
    size = sum(value.nbytes for value in tensors.values())
    print(f"{len(tensors)} tensors, {size:,} bytes")
    if size > SIZE_LIMIT:
        sys.exit(f"{size:,} bytes of tensors are over the limit of {SIZE_LIMIT:,}; store less")
    (options.out / "cases.json").write_text(json.dumps(contents, indent=1) + "\n")
    metadata = {"model": options.model.name, "precision": contents["precision"]}
    safetensors_file.write_file(options.out / "cases.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
