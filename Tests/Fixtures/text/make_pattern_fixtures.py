"""Writes arcade_cases.json and json_cases.json; the README says what they are.

Needs tiktoken==0.14.0, regex==2026.11.19 and tokenizers==0.23.3.

Usage: python3 make_pattern_fixtures.py STABLELM_FOLDER
(a folder with vocab.json and merges.txt of the 100k vocabulary; reads models/medmoe-nano of the checkout as well)
"""

import json
import random
import sys
import unicodedata
from pathlib import Path

import regex
import tiktoken
from tokenizers import Tokenizer

HERE = Path(__file__).resolve().parent
NANO = HERE.parents[2] / "models" / "medmoe-nano"

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
MARKS = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
ARCADE = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + MARKS
CL100K = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + MARKS

TEXTS = [
    "",
    " ",
    "Is there evidence of pneumonia in the left lower lobe?",
    "T1-weighted MRI, 3.2 x 2.7 cm; BP 120/80 mmHg (36.6\u00b0C), 351 and 1234567.",
    "it's we've THEY'RE don't I'LL x'sx 'tis Y'ALL'D've 's it\u2019s it'\u017f 'S'T",
    "  two  spaces\t\ttabs \n\n lines \r\n end  ",
    "a\n\n\n  b \n c\r\n\r\n\td\t!\n?\n\n",
    "\u00a0a\u00a0\u00a0b\u3000c\u2003 d\u2028e\u0085f\u001cg\u000bh",
    "\u80ba\u708e \u30ab\u30bf \ud3d0\ub834 \u0627\u0644\u0631\u0626\u0629 \u0915\u094d\u092f\u093e \u0395\u03bb 7\u0661\u2167\u00bd",
    "\U0001f9e0\U0001fac1 \U0001f468\u200d\u2695\ufe0f ok\U0001f44d\U0001f3fb!",
    "A\u030a \u212b \ufb01 n\u0303 \u0301 e\u0323\u0301 e\u0301\u0323 \u1112\u1161\u11ab \u0344 \u0f73\u0f71 \u2126 \u0958",
    "The brain.<|endoftext|>USER: And now? ASSISTANT:",
    "<|endoftext|><|endoftext|> <|endoftext |>|endoftext|>\u0338",
    "(a)[b]{c} ...--- $5.00 #1 @x _y_ e=mc\u00b2",
    "antidisestablishmentarianism " + "a" * 70 + " " * 33 + "b" * 9 + "\t" * 11 + "1" * 13,
    "e\u0301" * 900 + "\u0301\u0323" * 20,
]
PARTS = ["a", "B", "the", " ", " ", "  ", "\t", "\n", "\r\n", "\r", "'", "'s", "'LL", "'re", "\u017f", "1", "23", "\u0661",
         "\u2167", "\u00bd", ".", "!?", "-", "\u00a0", "\u3000", "\u0085", "\u2028", "\u001c", "\u0301", "\u0323", "e", "\u00e9",
         "\u1100", "\u1161", "\u11a8", "\uac00", "\u80ba", "\U0001f9e0", "\u200d", "\u0915\u093c", "_", "\u0000"]


def texts(seed, extra=(), count=250):
    generator = random.Random(seed)
    parts = PARTS + list(extra)
    mixed = ["".join(generator.choice(parts) for _ in range(generator.randrange(1, 16))) for _ in range(count)]
    return TEXTS + mixed


def byte_alphabet():
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(256 + index): byte for index, byte in enumerate(hidden)}


def arcade(folder, specials, seed):
    """tiktoken over the ranks of a vocabulary, and its words compared with those of the regex module."""
    vocabulary = json.loads((folder / "vocab.json").read_text())
    byte = byte_alphabet()
    ranks = {bytes(byte[c] for c in token): id for token, id in vocabulary.items() if token not in specials}
    encoding = tiktoken.Encoding("arcade", pat_str=ARCADE, mergeable_ranks=ranks,
                                 special_tokens={token: vocabulary[token] for token in specials})
    cases = []
    for text in texts(seed, specials[:2]):
        composed = unicodedata.normalize("NFC", text)
        ids = encoding.encode(composed, allowed_special="all")
        plain = encoding.encode_ordinary(composed)
        words = regex.findall(ARCADE, composed)
        assert "".join(words) == composed
        assert [id for word in words for id in encoding.encode_ordinary(word)] == plain
        cases.append({"text": text, "ids": ids})
    return cases


def tiny():
    return json.loads((HERE / "tiny-flags/vocab.json").read_text()), \
        (HERE / "tiny-flags/merges.txt").read_text(encoding="utf-8").splitlines()[1:]


def added(id, content, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": False, **flags}


def definition(pre_tokenizer, normalizer=None, unmerged=(), **model):
    vocab, merges = tiny()
    for word in unmerged:
        vocab[word] = len(vocab)
    count = len(vocab)
    tokens = [
        added(vocab["<|endoftext|>"], "<|endoftext|>", special=True),
        added(count, "<l>", lstrip=True),
        added(count + 1, "<r>", rstrip=True, normalized=True),
        added(count + 2, "<w>", single_word=True),
        added(count + 3, "<rr>", normalized=True),
        added(count + 4, "   "),
        added(count + 5, "<pad>", special=True, lstrip=True, rstrip=True),
        added(count + 6, "<s\u0301>", normalized=True),
        added(count + 7, "\u80ba", single_word=True, normalized=True),
    ]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens, "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer, "post_processor": byte_level(False), "decoder": byte_level(False),
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": vocab, "merges": merges, **model},
    }


def byte_level(prefix, use_regex=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": use_regex}


def split(pattern, behavior="Isolated", invert=False):
    first = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}
    return {"type": "Sequence", "pretokenizers": [first, byte_level(False, use_regex=False)]}


def described(content, seed):
    tokenizer = Tokenizer.from_str(json.dumps(content))
    cases = []
    extra = ["<l>", "<r>", "<w>", "<rr>", "<pad>", "<s\u0301>", "<\u015b>", "<|endoftext|>", "   ", " <w> ", "hello", "the", " ae"]
    for text in texts(seed, extra * 2, count=110):
        if len(text) > 300:
            continue
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        cases.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True),
                      "decoded_raw": tokenizer.decode(ids, skip_special_tokens=False)})
    return {"tokenizer": content, "cases": cases}


def write(name, groups):
    """One case a line: small, and a change shows as the cases that changed."""
    lines = []
    for key, group in groups.items():
        head = {field: value for field, value in group.items() if field != "cases"}
        cases = ",\n".join(json.dumps(case, ensure_ascii=True) for case in group["cases"])
        lines.append(f'{json.dumps(key)}: {json.dumps(head)[:-1]}{", " if head else ""}"cases": [\n{cases}\n]}}')
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


stablelm = Path(sys.argv[1])
top = json.loads((stablelm / "vocab.json").read_text())
specials = sorted((token for token, id in top.items() if id >= 100256), key=top.get, reverse=True)
specials.sort(key=lambda token: token != "<|endoftext|>")
write("arcade_cases.json", {
    "nano": {"cases": arcade(NANO, ["<|endoftext|>"], seed=3)},
    "stablelm": {"cases": arcade(stablelm, specials, seed=4)},
})

_, merges = tiny()
nfc = {"type": "NFC"}
groups = {
    "gpt2": described(definition(byte_level(False)), 5),
    "prefix": described(definition(byte_level(True)), 6),
    "no pattern": described(definition(byte_level(False, use_regex=False)), 7),
    "arcade": described(definition(split(ARCADE, "Removed", True), {"type": "Sequence", "normalizers": [nfc]}), 8),
    "cl100k": described(definition(split(CL100K)), 9),
    "whole words": described(definition(split(CL100K), nfc, unmerged=["\u0120ae", "23"], ignore_merges=True), 10),
}
groups["cl100k"]["tokenizer"]["model"]["merges"] = [merge.split(" ") for merge in merges]
write("json_cases.json", groups)
