"""Writes the fixtures of this folder; the README says what they are. Needs transformers==4.37.0 and nothing else.

Usage: python3 make_fixtures.py   (from anywhere; reads models/medmoe-nano of the checkout)
"""

import json
import random
from pathlib import Path

from transformers import CodeGenTokenizer, GPT2Tokenizer
from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode

HERE = Path(__file__).resolve().parent
NANO = HERE.parents[2] / "models" / "medmoe-nano"

TEXTS = [
    "Is there evidence of pneumonia in the left lower lobe?",
    "T1-weighted MRI, 3.2 x 2.7 cm; BP 120/80 mmHg (36.6\u00b0C).",
    "it's we've THEY'RE don't x'sx 'tis y'all'd've 's it\u2019s",
    "  two  spaces\t\ttabs \n\n lines \r\n end  ",
    "\u00a0a\u00a0\u00a0b\u3000c\u2003 d\u2028e\u0085f\u001cg\u000bh",
    "\u80ba\u708e \u30ab\u30bf \ud3d0\ub834 \u0627\u0644\u0631\u0626\u0629 \u0915\u094d\u092f\u093e \u0395\u03bb 7\u0661\u2167\u00bd",
    "\U0001f9e0\U0001fac1 \U0001f468\u200d\u2695\ufe0f ok\U0001f44d\U0001f3fb!",
    "A\u030a \u212b \ufb01 n\u0303 \u0301",
    "The brain.<|endoftext|>USER: And now? ASSISTANT:",
    "<|endoftext|><|endoftext|> <|endoftext |>|endoftext|>",
    " . ? ! , ' n't 'm 's 've 're a , b . c ' d 'm",
    "ab  .  ,   ?  ' ' ' n't",
    "\u0000\u0007\u007f\u00ad\ufeff",
    "antidisestablishmentarianism",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "a" * 7 + " " * 33 + "b" * 9 + "\t" * 11 + "1" * 13,
    "",
    " ",
    "x",
]

TINY_TEXTS = TEXTS + [
    "hello <l> the <r> hell <w> th",
    "hello<l>the<r>hell<w>th",
    "hello \t<l>\n  <r>\u3000\u001c hello",
    "a<w>b a <w> b <w>, <w>",
    "<w>",
    "<w><w> <w>x<w>",
    "<l><r><w><l> <r> <w> <l>",
    "<r>  <l>",
    "<rr> <rr>x <r>r>",
    "a  b   c    d",
    "we'll I'm x's y't you're they've he'd 'll 's 'LL 'S 'l 'r 'v l's'll're",
    "<pad><extra> <pad>hello<extra>hello",
    "hello<pad><|endoftext|><extra>",
    "caf\u00e9 <\u00e9> x<\u00e9>",
]


def cases(tokenizer, texts, seed):
    out = []
    for text in texts:
        out.append({"text": text, "ids": tokenizer.encode(text)})
    generator = random.Random(seed)
    for length in [1, 2, 3, 5, 8, 13, 40, 120]:
        out.append({"text": None, "ids": [generator.randrange(len(tokenizer)) for _ in range(length)]})
    # Bytes that break UTF-8 in every way: each token here is one byte.
    byte = {value: tokenizer.encoder[spelling] for value, spelling in bytes_to_unicode().items()}
    for broken in ["e282", "f09f98", "80", "c080", "e08080", "eda080", "f4908080", "f09f2e", "20e2822e", "c3c3a9", "ff41fe",
                   "f0809f98", "e2e282ac", "202e20c3", "41f09f9880e2"]:
        out.append({"text": None, "ids": [byte[value] for value in bytes.fromhex(broken)]})
    # The same before and after every added token.
    for added in tokenizer.added_tokens_decoder:
        out.append({"text": None, "ids": [byte[0xE2], byte[0x82], added, byte[0xAC], byte[0x41], added, byte[0xC3]]})
    for case in out:
        case["decoded"] = tokenizer.decode(case["ids"], skip_special_tokens=True)
        case["decoded_raw"] = tokenizer.decode(case["ids"], clean_up_tokenization_spaces=False)
    return out


def write(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=True) + "\n")


def tiny_vocabulary():
    vocab = {spelling: index for index, spelling in enumerate(bytes_to_unicode().values())}
    merges = ["h e", "l l", "he ll", "hell o", "\u0120 t", "\u0120t he", "t h", "\u0120 \u0120", "a a", "aa a", "aa aa",
              "\u0120 <", "' ll", "' s", "' t", "' m", "' d", "r e", "' re", "v e", "' ve", "1 1"]
    for merge in merges:
        left, right = merge.split(" ")
        vocab[left + right] = len(vocab)
    vocab["<|endoftext|>"] = len(vocab)
    return vocab, "#version: 0.2\n" + "\n".join(merges) + "\n"


def token(content, **flags):
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False,
            "special": False, **flags}


def role(content, **flags):
    """The form of a token in special_tokens_map.json, which has no `special`."""
    return {key: value for key, value in token(content, **flags).items() if key != "special"}


def make_tiny():
    vocab, merges = tiny_vocabulary()
    count = len(vocab)
    contents = [token("<l>", lstrip=True), token("<r>", rstrip=True), token("<w>", single_word=True), token("<rr>"),
                token("  "), token("   "), token("<pad>", special=True), token("<extra>", special=True),
                token("<\u00e9>")]
    added = {str(count + index): entry for index, entry in enumerate(contents)}
    added[str(vocab["<|endoftext|>"])] = token("<|endoftext|>", special=True)
    flags, legacy = HERE / "tiny-flags", HERE / "tiny-legacy"
    for folder in [flags, legacy]:
        folder.mkdir(exist_ok=True)
        write(folder / "vocab.json", vocab)
        (folder / "merges.txt").write_text(merges, encoding="utf-8")
    write(flags / "tokenizer_config.json", {
        "tokenizer_class": "GPT2Tokenizer", "clean_up_tokenization_spaces": True, "added_tokens_decoder": added,
        "eos_token": "<|endoftext|>", "bos_token": None, "unk_token": "<|endoftext|>", "pad_token": "<pad>",
        "additional_special_tokens": ["<extra>"],
    })
    write(legacy / "tokenizer_config.json", {"tokenizer_class": "CodeGenTokenizer", "add_prefix_space": True})
    write(legacy / "added_tokens.json", {entry["content"]: count + index for index, entry in enumerate(contents)})
    write(legacy / "special_tokens_map.json", {
        "bos_token": "<|endoftext|>", "eos_token": role("<|endoftext|>"), "unk_token": "<|endoftext|>",
        "pad_token": "<pad>", "sep_token": "<sep>", "mask_token": role("<l>", lstrip=True),
    })
    return {
        "tiny-flags": describe(GPT2Tokenizer.from_pretrained(flags)),
        "tiny-legacy": describe(CodeGenTokenizer.from_pretrained(legacy)),
    }


def describe(tokenizer):
    return {
        "size": len(tokenizer),
        "eos": tokenizer.eos_token_id,
        "bos": tokenizer.bos_token_id,
        "special": sorted(set(tokenizer.all_special_ids)),
        "cases": cases(tokenizer, TINY_TEXTS, seed=2),
    }


nano = GPT2Tokenizer.from_pretrained(NANO)
write(HERE / "nano_cases.json", {"size": len(nano), "cases": cases(nano, TEXTS, seed=1)})
write(HERE / "tiny_cases.json", make_tiny())
