#!/usr/bin/env python3
"""Makes tiny vocabularies of every kind, and what the makers' libraries do with random texts.

    python3 -m pip install sentencepiece==0.2.3 tokenizers==0.23.3 unicodedata2==18.0.0
    python3 scripts/tokenizer_tiny.py

writes the committed files, to engine/src/test/resources/tokenizer: words.jsonl (the words that each
maker's pattern cuts) and tiny-*.json (vocabularies with ids and texts). To search for differences
longer, with other seeds and texts without end, write them elsewhere and let the tests read them:

    python3 scripts/tokenizer_tiny.py --seed 7 --count 20000 --target target/tiny
    mvn -pl engine test -Dtest='TinyTokenizersTest,TokenizerWordsTest' \\
      -Dsparkllama.tokenizer-golden=$PWD/target/tiny
"""
import argparse
import base64
import io
import json
import pathlib

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, trainers
from tokenizer_texts import Texts
import unicodedata2

TARGET = pathlib.Path(__file__).resolve().parent.parent / "engine/src/test/resources/tokenizer"

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Letters with case, as DeepSeek's first tokenizer writes them.
CASED = (
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af"
    "\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3"
    "-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd"
    "\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-"
    "\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4"
    "\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2"
    "-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a"
    "-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e"
    "-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b"
    "-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\U00010400-\U0001044f"
    "\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2\U000118a0"
    "-\U000118df\U0001e900-\U0001e943"
)
SYLLABLES = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
PATTERNS = {
    "DEFAULT": [r"[\p{P}$+<=>^~|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
    "LLAMA3": [LLAMA3],
    "QWEN2": [LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")],
    "QWEN35": [
        LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
        .replace(r"]?\p{L}+", r"]?[\p{L}\p{M}]+")
        .replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]")
    ],
    "MINICPM5": [r"\p{N}{1,3}", LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}+")],
    "SEED_CODER": [
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}"
        "| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
    ],
    "GPT2": [GPT2],
    "STARCODER": [r"\p{N}", GPT2],
    "FALCON": [r"[\p{P}$+<=>^~|`]+", GPT2, "[0-9][0-9][0-9]"],
    "GPT4O": [GPT4O],
    "TEKKEN": [TEKKEN],
    "DEEPSEEK_LLM": [
        "[\r\n]",
        r"\s?[" + CASED + "]+",
        "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
        r"\s+$",
        SYLLABLES,
        r"\p{N}",
    ],
    "DEEPSEEK_CODER": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", SYLLABLES, r"\p{N}"],
    "DEEPSEEK_V3": [
        r"\p{N}{1,3}",
        "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"""
        + "|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
    ],
}
# For every name that is tested: patterns, form C, whole words.
NAMES = {
    "default": ("DEFAULT", False, False),
    "llama-bpe": ("LLAMA3", False, True),
    "dbrx": ("LLAMA3", False, False),
    "qwen2": ("QWEN2", True, False),
    "deepseek-r1-qwen": ("QWEN2", False, False),
    "qwen35": ("QWEN35", True, False),
    "minicpm5": ("MINICPM5", False, True),
    "seed-coder": ("SEED_CODER", False, False),
    "gpt-2": ("GPT2", False, False),
    "olmo": ("GPT2", True, False),
    "smollm": ("STARCODER", False, False),
    "command-r": ("STARCODER", True, False),
    "falcon": ("FALCON", False, False),
    "gpt-4o": ("GPT4O", False, False),
    "tekken": ("TEKKEN", False, True),
    "deepseek-llm": ("DEEPSEEK_LLM", False, False),
    "deepseek-coder": ("DEEPSEEK_CODER", False, False),
    "deepseek-v3": ("DEEPSEEK_V3", False, False),
}
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


def split(pattern: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Split(Regex(pattern), "isolated")


def steps(kind: str) -> list:
    """Returns a maker's steps, ending in bytes."""
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    if kind == "FALCON":  # cuts numbers once more in the alphabet that stands for bytes
        return [
            pre_tokenizers.Punctuation("contiguous"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
            pre_tokenizers.Digits(individual_digits=False),
            split("[0-9][0-9][0-9]"),
        ]
    if kind == "STARCODER":
        return [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    return [split(pattern) for pattern in PATTERNS[kind]] + [to_bytes]


def grouped(results: dict) -> list:
    """Joins equal results: [[names, result], ...]."""
    groups = {}
    for name, result in results.items():
        groups.setdefault(json.dumps(result), []).append(name)
    return [[names, json.loads(result)] for result, names in groups.items()]


def words(texts: Texts, count: int) -> list:
    cutters = {
        name: pre_tokenizers.Sequence([split(pattern) for pattern in patterns])
        for name, patterns in PATTERNS.items()
    }
    rows = [{"patterns": PATTERNS}]
    for text in texts.texts(count):
        ends = {
            name: [span[1] for _, span in cutter.pre_tokenize_str(text)]
            for name, cutter in cutters.items()
        }
        rows.append({"text": text, "ends": grouped(ends)})
    return rows


def byte_level(texts: Texts, count: int) -> dict:
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=256 + 260,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained.train_from_iterator((texts.text() for _ in range(1500)), trainer)
    model = json.loads(trained.to_str())["model"]
    vocabulary = dict(model["vocab"])
    merges = [tuple(merge) for merge in model["merges"]]
    whole = ["\u0120Hello", "Hello", "\u0120world", "world", "123", "\u0120the", "'s", "iPhone", "....", "\u0120\u0120"]
    for word in whole:  # tokens that no merges make
        vocabulary.setdefault(word, len(vocabulary))
    tokens = sorted(vocabulary, key=vocabulary.get)
    types = [NORMAL] * len(tokens)
    given = [("<|end|>", CONTROL), ("<b>", USER_DEFINED), ("    ", USER_DEFINED)]
    for text, type_ in given:  # what training has made already keeps its id
        if text in vocabulary:
            types[vocabulary[text]] = type_
    added = [(text, type_) for text, type_ in given if text not in vocabulary]
    peers = {}
    for name, (kind, form_c, whole_words) in NAMES.items():
        peer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=whole_words))
        peer.normalizer = normalizers.NFC() if form_c else None
        peer.pre_tokenizer = pre_tokenizers.Sequence(steps(kind))
        peer.decoder = decoders.ByteLevel()
        for text, _ in given:
            peer.add_tokens([AddedToken(text, normalized=False)])
        peers[name] = peer
    known = pre_tokenizers.Punctuation("contiguous")
    punctuation = split(PATTERNS["FALCON"][0])
    cases = []
    for text in texts.texts(count):
        if texts.source.random() < 0.3:
            text += "<|end|>" + texts.text(3)
        # The library's tables for form C know no marks of later than Unicode 9.
        if normalizers.NFC().normalize_str(text) != unicodedata2.normalize("NFC", text):
            continue
        ids = {name: peer.encode(text).ids for name, peer in peers.items()}
        # Nor does it know what became punctuation since Unicode 8.
        if punctuation.pre_tokenize_str(text) != known.pre_tokenize_str(text):
            ids.pop("falcon")
        cases.append({"text": text, "ids": grouped(ids)})
    any_peer = peers["gpt-2"]
    decodes = []
    for _ in range(count):
        ids = [texts.source.randrange(len(tokens)) for _ in range(texts.source.randint(1, 8))]
        decodes.append({"ids": ids, "text": any_peer.decode(ids, skip_special_tokens=False)})
    return {
        "metadata": {
            "model": "gpt2",
            "tokens": tokens + [text for text, _ in added],
            "token_type": types + [kind for _, kind in added],
            "merges": [" ".join(merge) for merge in merges],
            "add_bos_token": False,
        },
        "cases": cases,
        "decodes": decodes,
    }


def rules_file(path: pathlib.Path) -> None:
    """Writes a small character map: wide forms, ligatures, spaces, marks, one that deletes."""
    rules = {"\ufb01": "fi", "\u00bd": "1\u20442", "\u212b": "\u00c5", "\u0344": "\u0308\u0301"}
    rules.update({"e\u0301": "\u00e9", "E\u0302\u0323": "\u1ec6", "\u200b": "", "\ufe0f": ""})
    rules.update({"\u2764": "<3", "\r\n": " ", "...": "\u2026", "\u2028": " ", "\u3000": " "})
    rules.update({chr(c): " " for c in (9, 10, 13, 0xA0)})
    rules.update({chr(0xFF01 + i): chr(0x21 + i) for i in range(94)})
    lines = (
        " ".join(f"{ord(c):X}" for c in source) + "\t" + " ".join(f"{ord(c):X}" for c in target) + "\t\n"
        for source, target in rules.items()
    )
    path.write_text("".join(lines))


def train(texts: Texts, **options) -> sentencepiece.SentencePieceProcessor:
    """Trains on common characters alone, so that others have no token."""
    model = io.BytesIO()
    common = set(map(chr, range(0x20, 0x7F))) | set("\n\u00e9\u4e2d\u6587\u041f\u0440\u0438\u2026\U0001f999")

    def sentence() -> str:
        return "".join(c for c in texts.text(20) if c in common)

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([sentence() for _ in range(1200)]),
        model_writer=model,
        minloglevel=2,
        num_threads=1,
        hard_vocab_limit=False,
        max_sentencepiece_length=8,
        character_coverage=1.0,
        **options,
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def piece_type(peer, id: int) -> int:
    if peer.is_unknown(id):
        return UNKNOWN
    if peer.is_control(id):
        return CONTROL
    return BYTE if peer.is_byte(id) else NORMAL


def by_words(metadata: dict, peer) -> Tokenizer:
    """Builds Hugging Face's unigram tokenizer, which takes each word, normalized, for itself."""
    pieces = [  # what text cannot write there stands under names that no text holds
        (token if type_ in (NORMAL, BYTE) else f"\ue000{token}", score)
        for token, score, type_ in zip(
            metadata["tokens"], metadata["scores"], metadata["token_type"]
        )
    ]
    built = Tokenizer(models.Unigram(pieces, peer.unk_id(), BYTE in metadata["token_type"]))
    built.pre_tokenizer = pre_tokenizers.Split("\u2581", "merged_with_next")
    return built


def sentence_piece(texts: Texts, count: int, peer, symbols=()) -> dict:
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(peer.serialized_model_proto())
    size = peer.get_piece_size()
    tokens = [peer.id_to_piece(id) for id in range(size)]
    types = [piece_type(peer, id) for id in range(size)]
    for id, token in enumerate(tokens):
        if token in symbols:
            types[id] = USER_DEFINED
            tokens[id] = token.replace("\u2581", " ")
    normalizer = proto.normalizer_spec
    metadata = {
        "model": "t5" if proto.trainer_spec.model_type == 1 else "llama",
        "tokens": tokens,
        "scores": [peer.get_score(id) for id in range(size)],
        "token_type": types,
        "unknown_token_id": peer.unk_id(),
        "bos_token_id": peer.bos_id(),
        "eos_token_id": peer.eos_id(),
        "add_space_prefix": normalizer.add_dummy_prefix,
        "remove_extra_whitespaces": normalizer.remove_extra_whitespaces,
    }
    if normalizer.precompiled_charsmap:
        encoded = base64.b64encode(normalizer.precompiled_charsmap).decode()
        metadata["precompiled_charsmap"] = encoded
    unigram = by_words(metadata, peer) if metadata["model"] == "t5" else None
    rounded = 0
    cases = []
    for text in texts.texts(count):
        ids = peer.encode(text)
        if unigram:  # SentencePiece adds up 32-bit numbers over the whole text, where ties are noise
            words = unigram.encode(peer.normalize(text)).ids
            rounded += words != ids
            ids = words
        cases.append({"text": text, "ids": ids})
    if rounded:
        print(f"{rounded} of {count} texts rounded otherwise by SentencePiece than by words")
    decodes = []
    usable = [id for id in range(size) if types[id] in (NORMAL, BYTE, CONTROL)]
    for _ in range(count):
        ids = [texts.source.choice(usable) for _ in range(texts.source.randint(1, 8))]
        text = peer.decode([i for i in ids if types[i] != CONTROL])
        decodes.append({"ids": ids, "text": text})
    return {"metadata": metadata, "cases": cases, "decodes": decodes}


def added_tokens(texts: Texts, count: int, plain: dict, added: dict, **more) -> dict:
    """Adds tokens that swallow whitespace, (left, right) by text, to a LLaMA vocabulary.

    The merges are those that Hugging Face makes of a SentencePiece model: every way to join two
    pieces into a third, by the third's score.
    """
    given = plain["metadata"]
    tokens = given["tokens"] + [text for text in added if text not in given["tokens"]]
    types = [CONTROL if token in added else t for token, t in zip(given["tokens"], given["token_type"])]
    types += [CONTROL] * (len(tokens) - len(types))
    ids = {token: id for id, token in enumerate(tokens)}
    score = given["scores"] + [0.0] * (len(tokens) - len(given["scores"]))
    merges = []
    for id, token in enumerate(given["tokens"]):
        if given["token_type"][id] == NORMAL:
            pairs = ((token[:i], token[i:]) for i in range(1, len(token)))
            known = [pair for pair in pairs if pair[0] in ids and pair[1] in ids]
            merges += [(pair, score[id]) for pair in sorted(known, key=lambda p: (ids[p[0]], ids[p[1]]))]
    merges.sort(key=lambda merge: -merge[1])
    peer = Tokenizer(
        models.BPE(ids, [pair for pair, _ in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    peer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
    )
    for token, (left, right) in added.items():
        peer.add_tokens([AddedToken(token, normalized=False, lstrip=left, rstrip=right)])
    metadata = dict(given, tokens=tokens, scores=score, token_type=types, **more)
    cases = []
    for _ in range(count):
        draw = texts.source
        parts = [
            draw.choice(list(added)) if draw.random() < 0.4 else texts.text(3)
            for _ in range(draw.randint(1, 7))
        ]
        text = "".join(parts)
        cases.append({"text": text, "ids": peer.encode(text).ids})
    return {"metadata": metadata, "cases": cases}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=20261128)
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--target", type=pathlib.Path, default=TARGET)
    arguments = parser.parse_args()
    texts = Texts(arguments.seed)
    arguments.target.mkdir(parents=True, exist_ok=True)
    count = arguments.count

    def write(name: str, value) -> None:
        text = json.dumps(value, separators=(",", ":"))
        (arguments.target / f"tiny-{name}.json").write_text(text + "\n")

    rows = (json.dumps(row, separators=(",", ":")) + "\n" for row in words(texts, count))
    (arguments.target / "words.jsonl").write_text("".join(rows))
    write("byte-level", byte_level(texts, count))
    rules = arguments.target / "rules.tsv"
    rules_file(rules)
    plain = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False}
    mapped = {"normalization_rule_tsv": str(rules), "remove_extra_whitespaces": True}
    runs = ["\u2581" * length for length in range(2, 6)] + ["\n\n", "<b>", "</b>"]
    kinds = {
        "llama": dict(model_type="bpe", vocab_size=420, byte_fallback=True, **plain),
        "gemma": dict(
            model_type="bpe",
            vocab_size=420,
            byte_fallback=True,
            add_dummy_prefix=False,
            user_defined_symbols=runs,
            **plain,
        ),
        "bpe-mapped": dict(model_type="bpe", vocab_size=200, **mapped),
        "unigram-mapped": dict(model_type="unigram", vocab_size=200, **mapped),
        "unigram-bytes": dict(
            model_type="unigram", vocab_size=420, byte_fallback=True, **plain
        ),
    }
    if count > 1000:  # this map alone takes a quarter of a megabyte
        full = {"normalization_rule_name": "nmt_nfkc", "remove_extra_whitespaces": True}
        kinds["unigram-nfkc"] = dict(model_type="unigram", vocab_size=200, **full)
    made = {}
    for name, options in kinds.items():
        peer = train(texts, **options)
        made[name] = sentence_piece(texts, count, peer, runs if name == "gemma" else ())
        write(name, made[name])
    rules.unlink()
    # Phi-3's own flags, which its GGUF files do not carry.
    phi3 = {text: (False, True) for text in ("<|user|>", "<|assistant|>", "<|end|>", "</s>")}
    phi3.update({text: (False, False) for text in ("<s>", "<|endoftext|>")})
    write("phi3", added_tokens(texts, count, made["llama"], phi3, **{"general.architecture": "phi3"}))
    both = {"<l>": (True, False), "<r>": (False, True), "<lr>": (True, True), "<n>": (False, False)}
    both.update({"<s>": (False, False), "</s>": (False, False)})
    size = len(made["llama"]["metadata"]["tokens"])
    flags = {
        "sparkllama.tokenizer.strip_left": [size, size + 2],
        "sparkllama.tokenizer.strip_right": [size + 1, size + 2],
    }
    write("strips", added_tokens(texts, count, made["llama"], both, **flags))


if __name__ == "__main__":
    main()
