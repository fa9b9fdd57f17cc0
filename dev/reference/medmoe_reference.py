"""An independent, slow and plain Med-MoE forward pass (both forms) in NumPy, for checking and for fixtures.

Shapes: T positions, d width, V vocabulary, E experts, n pictures, P patches, c vision width. One sequence at a time.
Arithmetic is in the `dtype` given (float32, or float64 for values without rounding error to speak of); norms, softmax
and the gate always sum in float64. `Model.prefill` and `Model.greedy` are the way in.
"""
import dataclasses
import json
import math
import pathlib

import numpy as np
from PIL import Image

import byte_bpe
import clip_image
import safetensors_file

IMAGE_SENTINEL = -200
SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
CLIP_LARGE = {
    "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 336, "patch_size": 14,
    "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
}  # fmt: skip
TOWER = "model.image_tower.image_tower.vision_model"


# --- Configuration ---------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Config:
    """The numbers of a checkpoint that its tensors do not show."""

    form: str  # "stablelm": parts of a layer one after the other, SwiGLU; "phi": side by side, gelu_new
    width: int
    layers: int
    heads: int
    kv_heads: int
    eps: float
    rotary_dims: int
    rope_theta: float
    max_positions: int
    eos: int
    pad: int
    moe_layers: tuple
    top_k: int
    select_layer: int
    vision: dict
    image: clip_image.ImageSettings

    @classmethod
    def read(cls, folder):
        """From `config.json`; both spellings of the norm's epsilon and of the rotary share are taken."""
        folder = pathlib.Path(folder)
        values = json.loads((folder / "config.json").read_text())
        form = values["model_type"].rsplit("_", 1)[-1]
        if (form, values["hidden_act"]) not in (("stablelm", "silu"), ("phi", "gelu_new")):
            raise ValueError(f"{folder}: expected stablelm with silu or phi with gelu_new, found {values['model_type']}")
        generation = json.loads((folder / "generation_config.json").read_text())
        share = _either(values, "rope_pct", "partial_rotary_factor")
        moe, heads = values["moe"], values["num_attention_heads"]
        tower = _tower_folder(folder, values.get("mm_image_tower", ""))
        return cls(
            form=form,
            width=values["hidden_size"],
            layers=values["num_hidden_layers"],
            heads=heads,
            kv_heads=values.get("num_key_value_heads", heads),
            eps=_either(values, "norm_eps", "layer_norm_eps"),
            rotary_dims=int(share * (values["hidden_size"] // heads)),
            rope_theta=float(values["rope_theta"]),
            max_positions=values["max_position_embeddings"],
            eos=generation["eos_token_id"],
            pad=values["pad_token_id"],
            moe_layers=tuple(moe["moe_layers_idx"]),
            top_k=moe["top_k_experts"],
            select_layer=values["mm_vision_select_layer"],
            vision=_vision(values, tower),
            image=_image_settings(folder, tower),
        )


def _either(values, first, second):
    found = [values[key] for key in (first, second) if key in values]
    if not found or found[0] != found[-1]:
        raise ValueError(f"config.json: expected {first} or {second}, equal if both are there, found {found}")
    return found[0]


def _tower_folder(folder, name):
    """The vision tower's own folder when `mm_image_tower` is a path in or beside the checkpoint, or None."""
    if not name:
        return None
    return next((base / name for base in (folder, folder.parent) if (base / name / "config.json").exists()), None)


def _vision(values, tower):
    if "vision_config" in values:
        vision = values["vision_config"]
    elif tower is not None:
        vision = json.loads((tower / "config.json").read_text())
        vision = vision.get("vision_config", vision)
    else:
        vision = CLIP_LARGE
    if vision["hidden_act"] != "quick_gelu":
        raise ValueError(f"vision tower: expected quick_gelu, found {vision['hidden_act']}")
    return vision


def _image_settings(folder, tower):
    for place in (folder, tower):
        if place is not None and (place / "preprocessor_config.json").exists():
            return clip_image.ImageSettings.read(place / "preprocessor_config.json")
    return clip_image.ImageSettings()


# --- Prompt ----------------------------------------------------------------------------------------------------------


def render(turns):
    """The prompt of turns [(question, answer or None)]; the last answer is None: the model's turn."""
    text = SYSTEM + " "
    for question, answer in turns:
        text += f"USER: {question} ASSISTANT:"
        if answer is not None:
            text += f" {answer}<|endoftext|>"
    return text


def tokenize(tokenizer, prompt):
    """Ids of a prompt, -200 where `<image>` stands; the pieces between are tokenized one by one."""
    ids = []
    for index, piece in enumerate(prompt.split("<image>")):
        ids += ([IMAGE_SENTINEL] if index else []) + tokenizer.encode(piece)
    return ids


# --- Small functions -------------------------------------------------------------------------------------------------


def layer_norm(x, weight, bias, eps):
    """x [..., d] normalised over its last axis, biased variance, then scaled and shifted."""
    wide = x.astype(np.float64)
    centred = wide - wide.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return (centred / np.sqrt(variance + eps) * weight + bias).astype(x.dtype)


def softmax(x):
    """float64 softmax over the last axis."""
    wide = np.exp(x.astype(np.float64) - x.max(axis=-1, keepdims=True))
    return wide / wide.sum(axis=-1, keepdims=True)


def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow for large negative x."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def gelu(x):
    """The exact form, x * (1 + erf(x / sqrt 2)) / 2, as the projector has it."""
    erf = np.frompyfunc(math.erf, 1, 1)(x.astype(np.float64) / math.sqrt(2)).astype(np.float64)
    return (x * (1 + erf) / 2).astype(x.dtype)


def gelu_new(x):
    """The tanh form, as Phi-2's feed-forward blocks have it."""
    wide = x.astype(np.float64)
    return (wide / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (wide + 0.044715 * wide**3)))).astype(x.dtype)


def rotate(x, first_position, rotary_dims, theta):
    """x [T, heads, size] with its first `rotary_dims` turned by position; halves are paired (i with i + dims / 2)."""
    half = rotary_dims // 2
    frequency = theta ** (-np.arange(half, dtype=np.float64) / half)
    angle = (first_position + np.arange(len(x)))[:, None, None] * frequency
    a, b, rest = x[..., :half], x[..., half:rotary_dims], x[..., rotary_dims:]
    cos, sin = np.cos(angle), np.sin(angle)
    return np.concatenate([a * cos - b * sin, b * cos + a * sin, rest], axis=-1).astype(x.dtype)


def attend(q, k, v, causal):
    """q [T, h, s], k and v [S, h, s] -> [T, h * s]; with `causal`, query t is position S - T + t."""
    scores = np.einsum("ths,uhs->htu", q, k) / math.sqrt(q.shape[-1])
    if causal:
        later = np.arange(len(k))[None, :] > np.arange(len(k) - len(q), len(k))[:, None]
        scores = np.where(later, -np.inf, scores)
    mixed = np.einsum("htu,uhs->ths", softmax(scores).astype(v.dtype), v)
    return mixed.reshape(len(q), -1)


def combine_weights(gate_logits, top_k):
    """Combine weights [T, E]: top-1 the raw probability; top-2 the two probabilities over their sum (no noise)."""
    probability = softmax(gate_logits)
    order = np.argsort(-gate_logits, axis=-1, kind="stable")[:, :top_k]
    chosen = np.take_along_axis(probability, order, axis=-1)
    if top_k == 2:
        chosen = chosen / np.maximum(chosen.sum(axis=-1, keepdims=True), np.finfo(np.float32).eps)
    elif top_k != 1:
        raise ValueError(f"expected top-1 or top-2 routing, found top-{top_k}")
    weights = np.zeros_like(probability)
    np.put_along_axis(weights, order, chosen, axis=-1)
    return weights


# --- The model -------------------------------------------------------------------------------------------------------


class Model:
    """One checkpoint, widened to `dtype`."""

    def __init__(self, folder, dtype=np.float32):
        self.dtype = np.dtype(dtype)
        self.config = Config.read(folder)
        self.tokenizer = byte_bpe.ByteBPE(folder)
        tensors = safetensors_file.read_checkpoint(folder)
        self.weights = {name: tensor.astype(self.dtype) for name, tensor in tensors.items()}
        # Rows past the tokenizer's last id are padding and never chosen: the original cuts them off as well.
        for name in ("model.embed_tokens.weight", "lm_head.weight"):
            self.weights[name] = self.weights[name][: self.tokenizer.size]

    def linear(self, name, x):
        """x [..., in] -> [..., out]; the bias is added when the checkpoint has one."""
        y = x @ self.weights[f"{name}.weight"].T
        bias = self.weights.get(f"{name}.bias")
        return y if bias is None else y + bias

    def norm(self, name, x, eps):
        return layer_norm(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], eps)

    def split_heads(self, name, x, heads):
        """A projection of x [T, d] as [T, heads, size]."""
        return self.linear(name, x).reshape(len(x), heads, -1)

    # Vision

    def vision_hidden(self, pixels):
        """All hidden states [layers + 1, P + 1, c] of one picture [3, S, S]; 0 is after the first norm."""
        vision, size = self.config.vision, self.config.vision["patch_size"]
        side = vision["image_size"] // size
        if pixels.shape != (3, vision["image_size"], vision["image_size"]):
            raise ValueError(f"expected pixels [3, {vision['image_size']}, {vision['image_size']}], got {pixels.shape}")
        grid = pixels.astype(self.dtype).reshape(3, side, size, side, size)
        patches = grid.transpose(1, 3, 0, 2, 4).reshape(side * side, -1)
        kernel = self.weights[f"{TOWER}.embeddings.patch_embedding.weight"]
        x = patches @ kernel.reshape(len(kernel), -1).T
        x = np.concatenate([self.weights[f"{TOWER}.embeddings.class_embedding"][None], x])
        x = x + self.weights[f"{TOWER}.embeddings.position_embedding.weight"]
        states = [self.norm(f"{TOWER}.pre_layrnorm", x, vision["layer_norm_eps"])]
        for index in range(vision["num_hidden_layers"]):
            states.append(self.vision_block(f"{TOWER}.encoder.layers.{index}", states[-1]))
        return np.stack(states)

    def vision_block(self, name, x):
        """One pre-norm block on [P + 1, c]."""
        heads, eps = self.config.vision["num_attention_heads"], self.config.vision["layer_norm_eps"]
        inner = self.norm(f"{name}.layer_norm1", x, eps)
        q, k, v = (self.split_heads(f"{name}.self_attn.{part}_proj", inner, heads) for part in "qkv")
        x = x + self.linear(f"{name}.self_attn.out_proj", attend(q, k, v, causal=False))
        inner = self.linear(f"{name}.mlp.fc1", self.norm(f"{name}.layer_norm2", x, eps))
        return x + self.linear(f"{name}.mlp.fc2", inner * sigmoid(1.702 * inner))

    def project(self, features):
        """Vision features [P, c] -> image embeddings [P, d]."""
        name = "model.mm_projector.image_spatial_proj"
        return self.linear(f"{name}.2", gelu(self.linear(f"{name}.0", features)))

    def embed(self, ids, pictures):
        """Input embeddings [T, d] and image spans [[start, length]]; the i-th -200 takes the i-th of `pictures`."""
        if ids.count(IMAGE_SENTINEL) != len(pictures):
            raise ValueError(f"expected {ids.count(IMAGE_SENTINEL)} pictures, got {len(pictures)}")
        rows, spans, waiting = [], [], iter(pictures)
        for number in ids:
            if number == IMAGE_SENTINEL:
                picture = next(waiting)
                spans.append([len(rows), len(picture)])
                rows.extend(picture)
            else:
                rows.append(self.weights["model.embed_tokens.weight"][number])
        return np.stack(rows), spans

    # Decoder

    def feed_forward(self, name, x):
        """The FFN of a dense layer, a routed expert or the meta expert, on [T, d]."""
        if self.config.form == "phi":
            return self.linear(f"{name}.fc2", gelu_new(self.linear(f"{name}.fc1", x)))
        gate = self.linear(f"{name}.gate_proj", x)
        return self.linear(f"{name}.down_proj", gate * sigmoid(gate) * self.linear(f"{name}.up_proj", x))

    def has_meta(self, index):
        """Whether layer `index` has an expert that sees every token."""
        return any(key.startswith(f"model.layers.{index}.mlp.meta_moe.") for key in self.weights)

    def mixture(self, index, x, trace, top_k=None):
        """Layer `index`'s routed experts (weighted) plus its meta expert, on [T, d]."""
        name = f"model.layers.{index}.mlp"
        gate_weight = self.weights[f"{name}.deepspeed_moe.gate.wg.weight"].astype(np.float64)
        gate_bias = self.weights.get(f"{name}.deepspeed_moe.gate.wg.bias", np.zeros(len(gate_weight)))
        gate_logits = x.astype(np.float64) @ gate_weight.T + gate_bias
        weights = combine_weights(gate_logits, top_k or self.config.top_k)
        routed = np.zeros_like(x)
        for expert in range(len(gate_weight)):
            tokens = np.flatnonzero(weights[:, expert])
            if len(tokens):
                output = self.feed_forward(f"{name}.deepspeed_moe.experts.deepspeed_experts.{expert}", x[tokens])
                routed[tokens] += output * weights[tokens, expert, None].astype(x.dtype)
        # Checkpoints of the older form have no meta expert.
        meta = self.feed_forward(f"{name}.meta_moe", x) if self.has_meta(index) else np.zeros_like(x)
        trace[f"moe.{index}.input"] = x
        trace[f"moe.{index}.gate_logits"] = gate_logits
        trace[f"moe.{index}.combine"] = weights
        # The chosen experts, best first: [T] for top-1, [T, 2] for top-2.
        chosen = np.argsort(-gate_logits, axis=-1, kind="stable")[:, : top_k or self.config.top_k]
        trace[f"moe.{index}.expert"] = chosen.squeeze(-1).astype(np.int32) if chosen.shape[1] == 1 else chosen
        trace[f"moe.{index}.weight"] = np.take_along_axis(weights, chosen, axis=-1).squeeze()
        trace[f"moe.{index}.routed"] = routed
        trace[f"moe.{index}.meta"] = meta
        return routed + meta

    def decode(self, x, cache, trace):
        """Decoder over embeddings [T, d] behind what `cache` holds -> final hidden [T, d]; fills cache and trace.

        `cache` is a list with [k, v] for each layer, empty before the first call. Trace names: `hidden.i`, `attn.i`,
        `moe.i.*`, `final_hidden`.
        """
        config = self.config
        start = len(cache[0][0]) if cache else 0
        if start + len(x) > config.max_positions:
            raise ValueError(f"{start + len(x)} positions are over the checkpoint's limit of {config.max_positions}")
        trace["hidden.0"] = x
        for index in range(config.layers):
            name = f"model.layers.{index}"
            inner = self.norm(f"{name}.input_layernorm", x, config.eps)
            q = self.split_heads(f"{name}.self_attn.q_proj", inner, config.heads)
            k, v = (self.split_heads(f"{name}.self_attn.{part}_proj", inner, config.kv_heads) for part in "kv")
            q, k = (rotate(part, start, config.rotary_dims, config.rope_theta) for part in (q, k))
            if len(cache) <= index:
                cache.append([k, v])
            else:
                cache[index] = [np.concatenate(pair) for pair in zip(cache[index], (k, v))]
            k, v = (np.repeat(part, config.heads // config.kv_heads, axis=1) for part in cache[index])
            parallel = config.form == "phi"
            output = f"{name}.self_attn.{'dense' if parallel else 'o_proj'}"
            trace[f"attn.{index}"] = self.linear(output, attend(q, k, v, causal=True))
            x = x + trace[f"attn.{index}"]
            if not parallel:
                inner = self.norm(f"{name}.post_attention_layernorm", x, config.eps)
            x = x + (
                self.mixture(index, inner, trace)
                if index in config.moe_layers
                else self.feed_forward(f"{name}.mlp", inner)
            )
            trace[f"hidden.{index + 1}"] = x
        trace["final_hidden"] = self.norm("model.final_layernorm" if config.form == "phi" else "model.norm", x, config.eps)
        return trace["final_hidden"]

    # The way in

    def prefill(self, ids, pixels):
        """The whole prompt: ids (with -200) and pixels [[3, S, S]] -> (trace, cache).

        Trace names beyond those of `decode`: `pixel_values`, `clip_hidden`, `clip_features`, `projected` (first axis
        the pictures; absent without any), `logits` [T, V], `image_spans`.
        """
        trace, cache = {}, []
        if len(pixels):
            trace["pixel_values"] = np.stack(pixels)
            trace["clip_hidden"] = np.stack([self.vision_hidden(picture) for picture in pixels])
            trace["clip_features"] = trace["clip_hidden"][:, self.config.select_layer, 1:]
            trace["projected"] = np.stack([self.project(features) for features in trace["clip_features"]])
        x, trace["image_spans"] = self.embed(ids, trace.get("projected", []))
        trace["logits"] = self.linear("lm_head", self.decode(x, cache, trace))
        return trace, cache

    def greedy(self, trace, cache, limit):
        """Best tokens one by one after a prefill -> (ids with the end token if reached, logits of each step)."""
        ids, steps, logits = [], [], trace["logits"][-1]
        while True:
            ids.append(int(logits.argmax()))
            steps.append(logits)
            if ids[-1] == self.config.eos or len(ids) == limit:
                return ids, np.stack(steps)
            x = self.weights["model.embed_tokens.weight"][ids[-1:]]
            logits = self.linear("lm_head", self.decode(x, cache, {}))[-1]

    def preprocess(self, path, pad):
        """Pixels [3, S, S] float32 of a picture file."""
        with Image.open(path) as image:
            return clip_image.pixel_values(image, self.config.image, pad)
