"""GPT-2 style byte-level BPE from `vocab.json` and `merges.txt`, with special tokens cut out before everything else."""
import json
import pathlib

import regex

# GPT-2's words: contractions, then letters, digits or other marks with one leading space, then runs of blanks.
WORDS = regex.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)

# The clean-up that a tokenizer with `clean_up_tokenization_spaces` applies to decoded text, in this order.
CLEAN_UPS = (
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" 's", "'s"),
    (" 've", "'ve"), (" 're", "'re"),
)  # fmt: skip


def byte_letters():
    """The letter that stands for each byte (256 of them): printable bytes for themselves, others from U+0100 up."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = {byte: chr(byte) for byte in plain}
    for byte in range(256):
        if byte not in letters:
            letters[byte] = chr(256 + len(letters) - len(plain))
    return letters


class ByteBPE:
    """The tokenizer of one checkpoint folder."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.ids = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        # Split at "\n" only: other line separators are legitimate letters in a merge.
        lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
        merges = [line for line in lines[1 if lines[0].startswith("#version") else 0 :] if line]
        self.ranks = {tuple(line.split(" ")): rank for rank, line in enumerate(merges)}
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        added = config.get("added_tokens_decoder", {})
        stripping = [entry["content"] for entry in added.values() if entry["lstrip"] or entry["rstrip"]]
        if stripping:
            raise ValueError(f"{folder}: added tokens that strip their neighbours are not supported: {stripping}")
        for number, entry in added.items():
            self.ids[entry["content"]] = int(number)
        self.special_ids = {int(number) for number, entry in added.items() if entry["special"]}
        self.cleans_up = config.get("clean_up_tokenization_spaces", True)
        self.tokens = {number: token for token, number in self.ids.items()}
        contents = sorted((entry["content"] for entry in added.values()), key=len, reverse=True)
        self.added = regex.compile("(" + "|".join(map(regex.escape, contents)) + ")") if contents else None
        self.added_contents = set(contents)
        self.letters = byte_letters()
        self.bytes = {letter: byte for byte, letter in self.letters.items()}
        self.size = len(self.ids)
        self.cache = {}

    def encode(self, text):
        """Ids of a text, no token added before or after."""
        pieces = self.added.split(text) if self.added else [text]
        ids = []
        for piece in pieces:
            if piece in self.added_contents:
                ids.append(self.ids[piece])
                continue
            for word in WORDS.findall(piece):
                ids += [self.ids[part] for part in self._merge(word)]
        return ids

    def _merge(self, word):
        """Byte letters of a word, the best-ranked neighbouring pair joined until none is left."""
        if word in self.cache:
            return self.cache[word]
        parts = [self.letters[byte] for byte in word.encode("utf-8")]
        while len(parts) > 1:
            best = min(zip(parts, parts[1:]), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
            if best not in self.ranks:
                break
            joined, at = [], 0
            while at < len(parts):
                if tuple(parts[at : at + 2]) == best:
                    joined.append(parts[at] + parts[at + 1])
                    at += 2
                else:
                    joined.append(parts[at])
                    at += 1
            parts = joined
        self.cache[word] = parts
        return parts

    def decode(self, ids, skip_special=True, clean_up=None):
        """Text of ids; bytes that are no UTF-8 become U+FFFD. `clean_up` defaults to the tokenizer's own setting."""
        raw = bytearray()
        for number in ids:
            if skip_special and number in self.special_ids:
                continue
            token = self.tokens[number]
            if token in self.added_contents:
                raw += token.encode("utf-8")
            else:
                raw += bytes(self.bytes[letter] for letter in token)
        text = raw.decode("utf-8", errors="replace")
        if self.cleans_up if clean_up is None else clean_up:
            for before, after in CLEAN_UPS:
                text = text.replace(before, after)
        return text
