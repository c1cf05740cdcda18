#!/usr/bin/env python3
"""Makes tiny checkpoints of several kinds, and says what a GGUF of each must hold.

For each kind a folder as a hub has it (config.json, safetensors, tokenizer.json and what belongs to
it), with random weights of a fixed seed, and expected.json beside it:

- the tensors: names by the `gguf` package's TensorNameMap, shapes, types, and the SHA-256 of the
  bytes, with query and key rows in the order that llama.cpp's converter gives them, by numpy;
- the metadata of special tokens, by the `gguf` package's SpecialVocab;
- token ids of several texts, by transformers, sentencepiece or tiktoken, and a greedy completion in
  float32, by transformers.

Needs: torch transformers tokenizers safetensors gguf sentencepiece tiktoken
Usage: scripts/import_golden.py OUTPUT_FOLDER
"""

import base64
import hashlib
import io
import json
import math
import sys
from pathlib import Path

import gguf
import numpy
import sentencepiece
import tiktoken
import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from transformers import LlamaConfig, MistralConfig, Qwen2Config

SEED = 20260521
NEW_TOKENS = 16
CLEAR = 1e-3
TEXTS = [
    "The boats were old.",
    "  two spaces, 12345 numbers\n\n\tand a tab",
    "It's 3,14 and déjà vu; 東京 too",
    "Hello<|end|> there <tool>",
    "",
]
CORPUS = [
    "The boats were old, and the old station was closed on Monday.",
    "When the rain had stopped, we went down to the harbour and counted the boats.",
    "A letter came on Monday. It said that the bridge would be closed.",
]
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + REST
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + REST
SIZES = dict(
    hidden_size=8,
    intermediate_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    rms_norm_eps=1e-5,
)
# Heads that are wider than the model's width gives them.
WIDE = SIZES | dict(num_attention_heads=4, num_key_value_heads=2, head_dim=8)
ONE_LAYER = SIZES | dict(num_hidden_layers=1)


def byte_level(regex, ignore_merges, bos):
    """Byte-level BPE with two special tokens, and a template that puts the first before a text."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(regex), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=286, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.add_special_tokens(["<|begin|>", "<|end|>"])
    tokenizer.add_tokens(["<tool>"])
    if bos:
        begin = tokenizer.token_to_id("<|begin|>")
        tokenizer.post_processor = processors.Sequence(
            [
                processors.ByteLevel(trim_offsets=False),
                processors.TemplateProcessing(
                    single="<|begin|> $A",
                    pair="<|begin|> $A <|begin|> $B",
                    special_tokens=[("<|begin|>", begin)],
                ),
            ]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|begin|>" if bos else None,
        eos_token="<|end|>",
    )


def sentencepiece_like(prefix):
    """BPE on characters with bytes for others, as LLaMA (with prefix) and Gemma (without) have it."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    steps = [normalizers.Prepend("▁")] if prefix else []
    tokenizer.normalizer = normalizers.Sequence(steps + [normalizers.Replace(" ", "▁")])
    trainer = trainers.BpeTrainer(
        vocab_size=360,
        special_tokens=["<unk>", "<|begin|>", "<|end|>"] + [f"<0x{b:02X}>" for b in range(256)],
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS + ["a  b  c  d    e"], trainer)
    # The trainer makes the byte tokens special; only the first three are.
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = content["added_tokens"][:3]
    tokenizer = Tokenizer.from_str(json.dumps(content))
    # As Gemma has it: a run of spaces that merges reach as well.
    assert tokenizer.token_to_id("▁▁") is not None
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in ("▁▁", "<tool>")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|begin|>",
        eos_token="<|end|>",
        unk_token="<unk>",
    )


def sentencepiece_model(folder):
    """A model as SentencePiece trains it, with a token of its own that is cut first."""
    stream = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=stream,
        model_type="bpe",
        vocab_size=330,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        user_defined_symbols=["<tool>"],
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(stream.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=stream.getvalue())


def tiktoken_model(folder):
    """A model as Meta has it for Llama 3: a line a token, the special ones in code alone."""
    backend = json.loads(byte_level(LLAMA3, True, False).backend_tokenizer.to_str())
    alphabet = {ord(c): b for b, c in bytes_to_unicode().items()}
    words = [bytes(alphabet[ord(c)] for c in word) for word in backend["model"]["vocab"]]
    ranks = {word: rank for rank, word in enumerate(words)}
    lines = [base64.b64encode(word) + b" %d\n" % rank for word, rank in ranks.items()]
    (folder / "tokenizer.model").write_bytes(b"".join(lines))
    special = {"<|begin_of_text|>": len(ranks), "<|end_of_text|>": len(ranks) + 1}
    return tiktoken.Encoding("tiny", pat_str=LLAMA3, mergeable_ranks=ranks, special_tokens=special)


def bytes_to_unicode():
    """GPT-2's alphabet of bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = {b: chr(b) for b in printable}
    for number, b in enumerate(b for b in range(256) if b not in alphabet):
        alphabet[b] = chr(256 + number)
    return alphabet


KINDS = {
    # As Llama 3.2: tied, stretched RoPE, words that are tokens taken whole.
    "llama3": (
        lambda size: LlamaConfig(
            vocab_size=size,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            rope_parameters=dict(
                rope_type="llama3",
                rope_theta=500000.0,
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=128,
            ),
            **WIDE,
        ),
        lambda: byte_level(LLAMA3, True, True),
        torch.bfloat16,
    ),
    # As Mistral 0.1: a window, heads of another width than the model's; in two shards.
    "mistral": (
        lambda size: MistralConfig(
            vocab_size=size,
            max_position_embeddings=256,
            sliding_window=64,
            **WIDE,
        ),
        lambda: sentencepiece_like(True),
        torch.bfloat16,
    ),
    # As Llama 2 with linear stretching.
    "linear": (
        lambda size: LlamaConfig(
            vocab_size=size,
            max_position_embeddings=256,
            tie_word_embeddings=True,
            rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0),
            **SIZES,
        ),
        lambda: sentencepiece_like(False),
        torch.float16,
    ),
    # As Qwen 2.5: biases, halves, no token before a text.
    "qwen2": (
        lambda size: Qwen2Config(
            vocab_size=size + 5,
            max_position_embeddings=256,
            tie_word_embeddings=True,
            use_sliding_window=False,
            **SIZES,
        ),
        lambda: byte_level(QWEN2, False, False),
        torch.bfloat16,
    ),
}


def lively(config, seed, dtype):
    """A model in which every weight matters."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.copy_(1 + 0.3 * torch.randn_like(parameter))
            elif name.endswith("bias"):
                parameter.copy_(0.5 * torch.randn_like(parameter))
            else:
                parameter.copy_(torch.randn_like(parameter) * 1.2 / math.sqrt(parameter.shape[-1]))
    return model.to(dtype)


def make(folder, kind, seed):
    config_of, tokenizer_of, dtype = KINDS[kind]
    tokenizer = tokenizer_of()
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    config = config_of(len(tokenizer))
    config.bos_token_id = tokenizer.bos_token_id
    config.eos_token_id = tokenizer.eos_token_id
    model = lively(config, seed, dtype)
    size = "6KB" if kind == "mistral" else "1GB"
    model.save_pretrained(folder, max_shard_size=size)
    tokenizer.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    for file in folder.glob("*.json"):
        content = json.loads(file.read_text())
        file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")
    return expected(folder)


def reordered(weights, heads):
    """The rows as llama.cpp's converter has them (permute in convert_hf_to_gguf.py)."""
    shape = weights.shape
    return weights.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def tensors(folder, config):
    architecture = "qwen2" if config.model_type == "qwen2" else "llama"
    key = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2}[architecture]
    names = gguf.get_tensor_name_map(key, config.num_hidden_layers)
    stored = {}
    for file in sorted(folder.glob("*.safetensors")):
        stored.update(load_file(file))
    found = {}
    for name, value in stored.items():
        target = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if config.tie_word_embeddings and target == "output.weight":
            target = "token_embd.weight"
        if architecture == "llama" and (".attn_q." in target or ".attn_k." in target):
            query = ".attn_q." in target
            heads = config.num_attention_heads if query else config.num_key_value_heads
            value = reordered(value, heads)
        if value.dim() == 1:
            value = value.float()
        kind = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}[value.dtype]
        raw = value.contiguous().flatten().view(torch.uint8).numpy().tobytes()
        found[target] = dict(
            type=kind, shape=list(value.shape), sha256=hashlib.sha256(raw).hexdigest()
        )
    return architecture, found


def rope_factors(config):
    """As llama.cpp's converter computes rope_freqs.weight; compared with a tolerance."""
    rope = config.rope_parameters
    if rope["rope_type"] != "llama3":
        return None
    dimension = config.head_dim
    exponents = numpy.arange(0, dimension, 2, dtype=numpy.float32) / dimension
    frequencies = 1.0 / (rope["rope_theta"] ** exponents)
    original = rope["original_max_position_embeddings"]
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    factors = []
    for frequency in frequencies:
        wavelength = 2 * math.pi / frequency
        if wavelength < original / high:
            factors.append(1)
        elif wavelength > original / low:
            factors.append(rope["factor"])
        else:
            smooth = (original / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return [float(factor) for factor in factors]


def metadata(folder, vocabulary):
    added = vocabulary.add_special_token
    byte_level = "ByteLevel" in (folder / "tokenizer.json").read_text()
    return dict(
        special_tokens=vocabulary.special_token_ids,
        add_special_tokens={role: added[role] for role in ("bos", "eos") if role in added},
        merges=len(vocabulary.merges) if byte_level else 0,
    )


def expected(folder, encode=None):
    """Returns nothing where a best token is so near to the second that rounding might decide."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    special = {}
    if encode is None:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        encode = lambda text: tokenizer(text)["input_ids"]
        special = gguf.SpecialVocab(folder, load_merges=True)
    config = model.config
    architecture, found = tensors(folder, config)
    prompt = encode(CORPUS[1])
    ids = torch.tensor([prompt])
    with torch.no_grad():
        for _ in range(NEW_TOKENS):
            logits = model(ids).logits[0, -1]
            best = torch.topk(logits, 2).values
            if best[0] - best[1] < CLEAR:
                return None
            ids = torch.cat([ids, logits.argmax()[None, None]], dim=1)
    return dict(
        architecture=architecture,
        tensors=found,
        rope_factors=rope_factors(config),
        **(special and metadata(folder, special)),
        ids={text: encode(text) for text in TEXTS},
        prompt=prompt,
        greedy=ids[0, len(prompt) :].tolist(),
    )


def make_torch(folder, seed):
    """A directory as of 2023: pytorch_model.bin and tokenizer.model."""
    tokenizer = sentencepiece_model(folder)
    config = LlamaConfig(
        vocab_size=tokenizer.vocab_size(), max_position_embeddings=256, **ONE_LAYER
    )
    model = lively(config, seed, torch.float16)
    model.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    (folder / "tokenizer_config.json").write_text('{"bos_token": "<s>", "eos_token": "</s>"}\n')
    result = expected(folder, lambda text: [1] + tokenizer.encode(text))
    for name in ("model.safetensors", "generation_config.json"):
        (folder / name).unlink()
    return result


def make_meta(folder, seed):
    """Meta's files in two parts, of the same weights as a Hugging Face checkpoint."""
    tokenizer = tiktoken_model(folder)
    begin = tokenizer._special_tokens["<|begin_of_text|>"]
    config = LlamaConfig(
        vocab_size=begin + 256,
        max_position_embeddings=8192,
        rope_parameters=dict(rope_type="default", rope_theta=500000.0),
        **ONE_LAYER,
    )
    model = lively(config, seed, torch.bfloat16)
    model.save_pretrained(folder)
    result = expected(
        folder, lambda text: [begin] + tokenizer.encode(text, allowed_special="all")
    )
    names = {
        "model.embed_tokens": "tok_embeddings",
        "model.norm": "norm",
        "lm_head": "output",
        "self_attn.q_proj": "attention.wq",
        "self_attn.k_proj": "attention.wk",
        "self_attn.v_proj": "attention.wv",
        "self_attn.o_proj": "attention.wo",
        "mlp.gate_proj": "feed_forward.w1",
        "mlp.down_proj": "feed_forward.w2",
        "mlp.up_proj": "feed_forward.w3",
        "input_layernorm": "attention_norm",
        "post_attention_layernorm": "ffn_norm",
        "model.layers": "layers",
    }
    parts = [{}, {}]
    for name, value in model.state_dict().items():
        if ".q_proj." in name or ".k_proj." in name:
            heads = config.num_attention_heads if ".q_proj." in name else config.num_key_value_heads
            value = reordered(value, heads)
        for old, new in names.items():
            name = name.replace(old, new)
        by_inputs = ".wo." in name or ".w2." in name
        for number, part in enumerate(parts):
            half = value if value.dim() == 1 else value.chunk(2, dim=1 if by_inputs else 0)[number]
            part[name] = half.contiguous().clone()
    for number, part in enumerate(parts):
        part["rope.freqs"] = torch.ones(2, dtype=torch.bfloat16)
        torch.save(part, folder / f"consolidated.{number:02d}.pth")
    parameters = dict(
        dim=config.hidden_size,
        n_layers=config.num_hidden_layers,
        n_heads=config.num_attention_heads,
        n_kv_heads=config.num_key_value_heads,
        norm_eps=config.rms_norm_eps,
        rope_theta=500000.0,
        vocab_size=-1,
        multiple_of=16,
    )
    (folder / "params.json").write_text(json.dumps(parameters) + "\n")
    for name in ("model.safetensors", "config.json", "generation_config.json"):
        (folder / name).unlink(missing_ok=True)
    return result


def main():
    output = Path(sys.argv[1])
    makers = {kind: lambda folder, seed, kind=kind: make(folder, kind, seed) for kind in KINDS}
    makers |= dict(torch=make_torch, meta=make_meta)
    for kind, maker in makers.items():
        folder = output / kind
        folder.mkdir(parents=True, exist_ok=True)
        result = None
        seed = SEED
        while result is None:
            for file in folder.iterdir():
                file.unlink()
            result = maker(folder, seed)
            seed += 1
        text = json.dumps(result, ensure_ascii=False)
        (output / f"{kind}.expected.json").write_text(text + "\n")
        print(kind, sum(file.stat().st_size for file in folder.iterdir()), "bytes")


if __name__ == "__main__":
    main()
