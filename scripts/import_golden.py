#!/usr/bin/env python3
"""Makes tiny checkpoints of several kinds, and says what a GGUF of each must hold.

For each kind a folder as a hub has it (config.json, safetensors, tokenizer.json and what belongs to
it), with random weights of a fixed seed, and expected.json beside it:

- the tensors: names by the `gguf` package's TensorNameMap, shapes, types, and the SHA-256 of the
  bytes, with query and key rows in the order that llama.cpp's converter gives them, by numpy;
- the metadata of special tokens, by the `gguf` package's SpecialVocab;
- token ids of several texts, and a greedy completion in float32, by transformers.

Needs: torch transformers tokenizers safetensors gguf
Usage: scripts/import_golden.py OUTPUT_FOLDER
"""

import hashlib
import json
import math
import sys
from pathlib import Path

import gguf
import numpy
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
    "Hello<|end|> there <tool>x",
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
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    rms_norm_eps=1e-5,
)


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
            **SIZES,
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
            head_dim=8,
            **(SIZES | dict(hidden_size=8)),
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
            **(SIZES | dict(hidden_size=8, num_attention_heads=2, num_key_value_heads=1)),
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


def make(folder, kind, seed):
    config_of, tokenizer_of, dtype = KINDS[kind]
    tokenizer = tokenizer_of()
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    config = config_of(len(tokenizer))
    config.bos_token_id = tokenizer.bos_token_id
    config.eos_token_id = tokenizer.eos_token_id
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
    model = model.to(dtype)
    size = "6KB" if kind == "mistral" else "1GB"
    model.save_pretrained(folder, max_shard_size=size)
    tokenizer.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    for file in folder.glob("*.json"):
        content = json.loads(file.read_text())
        file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


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
    dimension = config.hidden_size // config.num_attention_heads
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


def expected(folder):
    """Returns nothing where a best token is so near to the second that rounding might decide."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = model.config
    architecture, found = tensors(folder, config)
    vocabulary = gguf.SpecialVocab(folder, load_merges=True)
    prompt = tokenizer(CORPUS[1])["input_ids"]
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
        special_tokens=vocabulary.special_token_ids,
        add_special_tokens={k: v for k, v in vocabulary.add_special_token.items() if k in ("bos", "eos")},
        merges=len(vocabulary.merges) if "ByteLevel" in (folder / "tokenizer.json").read_text() else 0,
        ids={text: tokenizer(text)["input_ids"] for text in TEXTS},
        prompt=prompt,
        greedy=ids[0, len(prompt) :].tolist(),
    )


def main():
    output = Path(sys.argv[1])
    for kind in KINDS:
        folder = output / kind
        folder.mkdir(parents=True, exist_ok=True)
        result = None
        seed = SEED
        while result is None:
            for file in folder.iterdir():
                file.unlink()
            make(folder, kind, seed)
            result = expected(folder)
            seed += 1
        text = json.dumps(result, ensure_ascii=False)
        (output / f"{kind}.expected.json").write_text(text + "\n")
        print(kind, sum(file.stat().st_size for file in folder.iterdir()), "bytes")


if __name__ == "__main__":
    main()
