"""The language model of Med-MoE in plain PyTorch, timed: runs in the peers' Python and prints one JSON line.

    torch_model.py --prefill 640 --decode 16 --threads 2 --repetitions 1

24 layers of 2048, 32 heads, feed-forward 5632, in even layers a meta expert and the best of four, 100352 words, random
numbers in bfloat16: 8 GB. It does what eager PyTorch does best: rows gathered by expert, a cache of keys and values
that is there beforehand, only the last row through the head. It leaves out what costs little, to its own advantage:
biases of q, k and v, and the turning of heads by their position. Rows go in as they are, without an embedding table.
"""
import argparse
import json
import resource
import statistics
import time

import torch
from torch.nn import functional

WIDTH, LAYERS, HEADS, WIDE, EXPERTS, WORDS = 2048, 24, 32, 5632, 4, 100352


class Numbers:
    """Weights cut from one pool: drawing 3.6 billion numbers anew would take minutes, and their memory is their own."""

    def __init__(self):
        self.pool = torch.randn(2 * WIDTH * WIDE, dtype=torch.float32).to(torch.bfloat16)

    def matrix(self, rows, columns):
        made = torch.empty(rows * columns, dtype=torch.bfloat16)
        for start in range(0, len(made), WIDTH * WIDE):
            count = min(WIDTH * WIDE, len(made) - start)
            offset = int(torch.randint(len(self.pool) - count + 1, ()))
            made[start : start + count] = self.pool[offset : offset + count]
        return made.view(rows, columns).mul_(0.7 / columns**0.5)

    def block(self):
        return self.matrix(WIDE, WIDTH), self.matrix(WIDE, WIDTH), self.matrix(WIDTH, WIDE)


def make_layers(numbers):
    for layer in range(LAYERS):
        made = {part: numbers.matrix(WIDTH, WIDTH) for part in "qkvo"}
        made["meta"] = numbers.block()
        if layer % 2 == 0:
            # The gate decides in float32, as the published model does.
            made["gate"] = torch.randn(EXPERTS, WIDTH) * (3 / WIDTH**0.5)
            made["experts"] = [numbers.block() for _ in range(EXPERTS)]
        yield made


def feed_forward(rows, block):
    gate, up, down = block
    return functional.linear(functional.silu(functional.linear(rows, gate)) * functional.linear(rows, up), down)


def mixture(rows, layer):
    result = feed_forward(rows, layer["meta"])
    if "gate" in layer:
        weights, chosen = torch.softmax(rows.float() @ layer["gate"].t(), -1).max(-1)
        for expert, block in enumerate(layer["experts"]):
            mine = (chosen == expert).nonzero().flatten()
            if len(mine):
                result[mine] += weights[mine, None].to(result.dtype) * feed_forward(rows[mine], block)
    return result


class Model:
    def __init__(self, positions):
        numbers = Numbers()
        self.layers = list(make_layers(numbers))
        self.head = numbers.matrix(WORDS, WIDTH)
        self.norm = torch.ones(WIDTH, dtype=torch.bfloat16)
        shape = (LAYERS, 2, HEADS, positions, WIDTH // HEADS)
        self.cache, self.past = torch.zeros(shape, dtype=torch.bfloat16), 0

    def step(self, rows):
        """The logits after these rows, which follow those of earlier steps."""
        count, end = len(rows), self.past + len(rows)
        for layer, (keys, values) in zip(self.layers, self.cache):
            inside = functional.layer_norm(rows, (WIDTH,), self.norm)
            q, k, v = (
                functional.linear(inside, layer[part]).view(count, HEADS, -1).transpose(0, 1) for part in "qkv"
            )
            keys[:, self.past : end], values[:, self.past : end] = k, v
            seen = functional.scaled_dot_product_attention(q, keys[:, :end], values[:, :end], is_causal=count > 1)
            rows = rows + functional.linear(seen.transpose(0, 1).reshape(count, WIDTH), layer["o"])
            rows = rows + mixture(functional.layer_norm(rows, (WIDTH,), self.norm), layer)
        self.past = end
        return functional.linear(functional.layer_norm(rows[-1:], (WIDTH,), self.norm), self.head)


def main():
    parser = argparse.ArgumentParser()
    for name in ("prefill", "decode", "threads", "repetitions"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    torch.set_grad_enabled(False)
    torch.set_num_threads(arguments.threads)

    def rows(count):
        return torch.randn(count, WIDTH).to(torch.bfloat16)

    model = Model(arguments.prefill + arguments.decode)
    # The first steps choose kernels and touch memory.
    model.step(rows(32))
    model.step(rows(1))
    prefill, decode = [], []
    for _ in range(arguments.repetitions):
        model.past = 0
        prompt = rows(arguments.prefill)
        start = time.perf_counter()
        logits = model.step(prompt)
        prefill.append(time.perf_counter() - start)
        steps = [rows(1) for _ in range(arguments.decode)]
        start = time.perf_counter()
        for row in steps:
            logits = model.step(row)
        decode.append((time.perf_counter() - start) / arguments.decode)
    print(json.dumps({
        "prefill_tokens_per_second": arguments.prefill / statistics.median(prefill),
        "decode_tokens_per_second": 1 / statistics.median(decode), "finite": bool(torch.isfinite(logits).all()),
        "torch": torch.__version__, "resident_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }))  # fmt: skip


main()
