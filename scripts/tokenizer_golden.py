#!/usr/bin/env python3
"""Writes texts with the ids and words that independent implementations give them.

    python3 -m pip install sentencepiece==0.2.3 tokenizers==0.23.3 gguf==0.19.0
    python3 scripts/tokenizer_golden.py SHARED [COUNT]

SHARED is the folder of shared data. These files go to engine/src/test/resources/tokenizer:
llama2.jsonl (SentencePiece's ids), tinystories.jsonl, gpt2.jsonl, llama3.jsonl and qwen2.jsonl
(Hugging Face's). Texts are random, from a fixed seed, of characters that Unicode 14 knows: later
ones depend on each library's edition.
"""
import json
import pathlib
import random
import sys
import unicodedata

import gguf
import sentencepiece
import tokenizers

TARGET = pathlib.Path(__file__).resolve().parent.parent / "engine/src/test/resources/tokenizer"
POINTS = [
    point
    for point in range(0x20, 0x110000)
    if unicodedata.category(chr(point)) not in ("Cn", "Cs", "Co")
]
PIECES = (
    "Hello world the and of ing 's 'T 're 'LL n't ' '' \" . , !? ... -- ___ <s> </s> <unk> <0x0A> "
    "<|eot_id|> 1 12 123 1234 12345 3.14 1,000 ½ ² ٣٤ 中文 工作 ひらがな カタカナ 한국어 Привет мир "
    "नमस्ते ไทย العربية עברית 🦙 👩‍👩‍👧 🇩🇪 é é ﬁ ß İ ſ € $ + = ~ ` ^ | ▁ ▁▁ ǅ ª ʰ"
).split(" ") + [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n ", "\u00a0", "\u3000", "\u2028", "\u0085", "\u200b"]

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def random_text(source: random.Random) -> str:
    parts = []
    for _ in range(source.randint(1, 12)):
        kind = source.random()
        if kind < 0.6:
            parts.append(source.choice(PIECES))
        elif kind < 0.8:
            parts.append(chr(source.choice(POINTS)))
        elif kind < 0.9:
            parts.append("".join(chr(source.randint(0x20, 0x24F)) for _ in range(3)))
        else:
            parts.append("".join(source.choice("abcdeINTHorst ") for _ in range(8)))
    return "".join(parts)


def byte_pair(path: pathlib.Path, pattern: str, ignore_merges: bool) -> tokenizers.Tokenizer:
    """Builds Hugging Face's tokenizer from the vocabulary of a GGUF file."""
    fields = gguf.GGUFReader(str(path)).fields
    vocabulary = {t: i for i, t in enumerate(fields["tokenizer.ggml.tokens"].contents())}
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
    built = tokenizers.Tokenizer(
        tokenizers.models.BPE(vocabulary, merges, ignore_merges=ignore_merges)
    )
    built.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated"),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return built


def write(name: str, rows: list) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, separators=(",", ":")) for row in rows)
    (TARGET / name).write_text("".join(line + "\n" for line in lines))


def main() -> None:
    data = pathlib.Path(sys.argv[1]) / "data"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 150
    source = random.Random(20240726)
    texts = [random_text(source) for _ in range(count)]
    llama = sentencepiece.SentencePieceProcessor(str(data / "tokenizers/llama2.tokenizer.model"))
    write("llama2.jsonl", [{"text": t, "ids": llama.encode(t)} for t in texts])
    face = tokenizers.Tokenizer.from_file(str(data / "models/hf-tinystories656K/tokenizer.json"))
    # Documents never hold special tokens, but Hugging Face's would cut "<unk>" from any text.
    plain = [t for t in texts if "<unk>" not in t]
    rows = [{"text": t, "ids": face.encode(t, add_special_tokens=False).ids} for t in plain]
    write("tinystories.jsonl", rows)
    for name, file, pattern in (
        ("gpt2", "gpt-2", GPT2),
        ("llama3", "llama-bpe", LLAMA3),
        ("qwen2", "qwen2", QWEN2),
    ):
        built = byte_pair(data / f"tokenizers/{file}.gguf", pattern, name == "llama3")
        write(f"{name}.jsonl", [{"text": t, "ids": built.encode(t).ids} for t in texts])


if __name__ == "__main__":
    main()
