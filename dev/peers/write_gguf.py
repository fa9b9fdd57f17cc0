"""Writes moe4s for llama.cpp: random numbers in the shape of `dev/make-random-checkpoint moe4s`, in bfloat16.

    write_gguf.py OUT.gguf              needs PyPI's gguf and numpy

Med-MoE's layer, a meta expert that sees every token and the best of four experts beside it, is what llama.cpp calls
bailingmoe with a shared expert. What stays different costs nothing that can be measured: RMS norms without biases
instead of layer norms, no biases of q, k and v, all of a head turned by its position instead of a quarter.
"""
import math
import sys

import gguf
import numpy

WIDTH, LAYERS, HEADS, WIDE, EXPERTS, WORDS = 576, 30, 9, 1536, 4, 49152
BF16, F32 = gguf.GGMLQuantizationType.BF16, gguf.GGMLQuantizationType.F32


def byte_letters():
    """The letter that byte-level vocabularies write for each of the 256 bytes."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) if byte in plain else chr(256 + others.index(byte)) for byte in range(256)]


def write_vocabulary(writer):
    """All bytes, then pairs and triples of printable letters, then an end: any id is a whole text of its own."""
    letters = byte_letters()
    spelled = letters[33:127]
    count = WORDS - len(letters) - 1
    pairs = [(a, b) for a in spelled for b in spelled]
    merges = pairs + [(a + b, c) for a, b in pairs for c in spelled[: count // len(pairs)]]
    merges = merges[:count]
    words = letters + [a + b for a, b in merges] + ["<|endoftext|>"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(words)
    writer.add_token_types([gguf.TokenType.NORMAL] * (WORDS - 1) + [gguf.TokenType.CONTROL])
    writer.add_token_merges([f"{a} {b}" for a, b in merges])
    writer.add_bos_token_id(WORDS - 1)
    writer.add_eos_token_id(WORDS - 1)
    writer.add_add_bos_token(False)


def write_shape(writer):
    writer.add_name("moe4s, random numbers")
    writer.add_block_count(LAYERS)
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(WORDS)
    writer.add_expert_count(EXPERTS)
    writer.add_expert_used_count(1)
    writer.add_expert_shared_count(1)
    writer.add_expert_feed_forward_length(WIDE)
    # Without this the gate's probability of the chosen expert is taken as it is, which is what Med-MoE does.
    writer.add_expert_weights_norm(False)
    writer.add_expert_weights_scale(1.0)
    writer.add_leading_dense_block_count(0)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)


def main():
    writer = gguf.GGUFWriter(sys.argv[1], "bailingmoe")
    write_shape(writer)
    write_vocabulary(writer)
    random = numpy.random.default_rng(1)

    def add(name, *shape, scale=None, kind=BF16):
        """Numbers whose products are about as large as their inputs, so that nothing overflows in thirty layers."""
        scale = scale or 0.7 / math.sqrt(shape[-1])
        numbers = random.standard_normal(shape, dtype=numpy.float32) * numpy.float32(scale)
        if kind == BF16:
            numbers = gguf.quants.quantize(numbers, BF16)
        writer.add_tensor(name, numbers, raw_dtype=kind)

    def ones(name):
        writer.add_tensor(name, numpy.ones(WIDTH, dtype=numpy.float32), raw_dtype=F32)

    # As large as what layers add to it: else all tokens look alike further up, and go to one expert.
    add("token_embd.weight", WORDS, WIDTH, scale=1.0)
    ones("output_norm.weight")
    add("output.weight", WORDS, WIDTH, scale=3 / math.sqrt(WIDTH))
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        ones(f"{block}.attn_norm.weight")
        ones(f"{block}.ffn_norm.weight")
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"{block}.{part}.weight", WIDTH, WIDTH)
        add(f"{block}.ffn_gate_inp.weight", EXPERTS, WIDTH, scale=3 / math.sqrt(WIDTH), kind=F32)
        for part, shape in (("gate", (WIDE, WIDTH)), ("up", (WIDE, WIDTH)), ("down", (WIDTH, WIDE))):
            add(f"{block}.ffn_{part}_exps.weight", EXPERTS, *shape)
            add(f"{block}.ffn_{part}_shexp.weight", *shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main()
