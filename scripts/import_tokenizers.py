#!/usr/bin/env python3
"""Makes tiny tokenizers as directories have them, and what the makers' libraries do with texts.

Each has something that a GGUF's usual keys do not say: normalization form C or none, words taken
whole, tokens that swallow whitespace, a map of characters. For each kind a folder with
tokenizer.json or tokenizer.model, and beside it KIND.expected.json with the number of tokens, and ids
by the `tokenizers` or the `sentencepiece` package, from a seed.

Needs: what import_golden.py and tokenizer_tiny.py need
Usage: scripts/import_tokenizers.py [OUTPUT_FOLDER]
"""
import base64
import json
import pathlib
import sys
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer

from import_golden import CORPUS, LLAMA3, QWEN2, byte_level, sentencepiece_like
from tokenizer_texts import HARD, Texts
from tokenizer_tiny import rules_file, train

SEED = 20261129
RANDOM_TEXTS = 20
TARGET = pathlib.Path(__file__).resolve().parent.parent
TARGET /= "engine/src/test/resources/importer/tokenizers"
GPT2_STEPS = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
ORPHAN = " boat"  # the token that loses its merge
DECOMPOSED = ["cafe\u0301 e\u0301te\u0301", "E\u0302\u0323\u1100\u1161\u11a8\u212b", "a\u0301<tool>\u0301e"]
# By text: special, lstrip, rstrip.
STRIPS = {
    "<l>": (True, True, False),
    "<r>": (True, False, True),
    "<lr>": (True, True, True),
    "<plain>": (True, False, False),
    "<tool-r>": (False, False, True),
}
# Where Hugging Face's map and SentencePiece's agree.
MAPPED = ["\uff21\uff22 \ufb01x", "\u212b\u3000\u00bd", "a\u2028b \u200bc"]


def form_c(content):
    content["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "NFC"}]}


def by_gpt2_words(content):
    content["pre_tokenizer"] = GPT2_STEPS


def with_strips(content):
    next_id = max(token["id"] for token in content["added_tokens"]) + 1
    next_id = max(next_id, max(content["model"]["vocab"].values()) + 1)
    for number, (text, (special, left, right)) in enumerate(STRIPS.items()):
        content["added_tokens"].append(
            {
                "id": next_id + number,
                "content": text,
                "single_word": False,
                "lstrip": left,
                "rstrip": right,
                "normalized": False,
                "special": special,
            }
        )


def byte_level_content(regex, whole_words, *changes):
    """One token of several characters loses its merge, so that words are seen to be taken whole."""
    content = json.loads(byte_level(regex, whole_words, False).backend_tokenizer.to_str())
    pair = content["model"]["merges"].pop()
    assert "".join(pair).replace("\u0120", " ") == ORPHAN, pair
    for change in changes:
        change(content)
    return content


def characters_content(*changes):
    """Without the added token that texts could only reach by U+2581 itself, which GGUF cannot say."""
    content = json.loads(sentencepiece_like(True).backend_tokenizer.to_str())
    added = content["added_tokens"]
    content["added_tokens"] = [token for token in added if "\u2581" not in token["content"]]
    for change in changes:
        change(content)
    return content


def with_map(peer):
    """Puts the map of a SentencePiece model before all else."""

    def change(content):
        encoded = base64.b64encode(spec(peer).precompiled_charsmap).decode()
        step = {"type": "Precompiled", "precompiled_charsmap": encoded}
        content["normalizer"]["normalizers"].insert(0, step)

    return change


def spec(peer):
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(peer.serialized_model_proto())
    return proto.normalizer_spec


def stripped_texts(texts):
    draw = texts.source
    for _ in range(2 * RANDOM_TEXTS):
        parts = []
        for _ in range(draw.randint(1, 5)):
            gap = lambda: draw.choice(["", " ", "  ", "\n", " \t", "\u3000"])
            parts += [texts.text(1), gap(), draw.choice(list(STRIPS)), gap()]
        yield "".join(parts)


def write(output, kind, content, texts):
    """Writes a tokenizer.json and what `tokenizers` makes of the texts by it."""
    folder = output / kind
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    (folder / "tokenizer.json").write_text(text + "\n")
    peer = Tokenizer.from_str(text)
    encode = lambda text: peer.encode(text, add_special_tokens=False).ids
    write_expected(output, kind, peer.get_vocab_size(), encode, texts)


def write_expected(output, kind, size, encode, texts):
    cases = [{"text": text, "ids": encode(text)} for text in texts]
    text = json.dumps({"size": size, "cases": cases}, separators=(",", ":"))
    (output / f"{kind}.expected.json").write_text(text + "\n")


def main():
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    texts = Texts(SEED)
    usual = lambda: CORPUS + DECOMPOSED + [f"The{ORPHAN}!"] + list(texts.texts(RANDOM_TEXTS))
    byte_kinds = {
        "form-c": byte_level_content(QWEN2, False, form_c),
        "no-form-c": byte_level_content(QWEN2, False),
        "whole-words": byte_level_content(QWEN2, True, form_c),
        "gpt2-form-c": byte_level_content(QWEN2, False, by_gpt2_words, form_c),
        "gpt2": byte_level_content(QWEN2, False, by_gpt2_words),
        "llama3-form-c": byte_level_content(LLAMA3, True, form_c),
    }
    for kind, content in byte_kinds.items():
        write(output, kind, content, usual())
    strips = byte_level_content(QWEN2, False, by_gpt2_words, form_c, with_strips)
    write(output, "strips", strips, stripped_texts(texts))
    write(output, "character-strips", characters_content(with_strips), stripped_texts(texts))

    with tempfile.TemporaryDirectory() as scratch:
        rules = pathlib.Path(scratch) / "rules.tsv"
        rules_file(rules)
        options = {"normalization_rule_tsv": str(rules), "remove_extra_whitespaces": True}
        peer = train(Texts(SEED), model_type="bpe", vocab_size=200, **options)
    folder = output / "model-map"
    folder.mkdir(parents=True, exist_ok=True)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(peer.serialized_model_proto())
    proto.normalizer_spec.normalization_rule_tsv = ""  # a path that changes from run to run
    (folder / "tokenizer.model").write_bytes(proto.SerializeToString())
    write_expected(output, "model-map", peer.get_piece_size(), peer.encode, MAPPED + usual())

    # The map in tokenizer.json: Hugging Face looks at whole graphemes, SentencePiece for the longest
    # rule; texts are those in which both see the same.
    content = characters_content(with_map(peer))
    normalizer = Tokenizer.from_str(json.dumps(content)).normalizer
    only_map = sentencepiece_normalizer(peer)
    same = [text for text in MAPPED + usual() if agrees(normalizer, only_map, text)]
    assert len(same) > 15 and set(MAPPED) <= set(same), len(same)
    write(output, "map", content, same)


def sentencepiece_normalizer(peer):
    """SentencePiece's map alone, without the spaces that it takes out and puts in."""
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(peer.serialized_model_proto())
    proto.normalizer_spec.remove_extra_whitespaces = False
    return sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())


def agrees(normalizer, only_map, text):
    return normalizer.normalize_str(text) == only_map.normalize(text)


if __name__ == "__main__":
    main()
