#!/usr/bin/env python3
"""Makes the golden files of model families: a tiny checkpoint of each, and what transformers says of it.

For each family a folder with what a checkpoint on a hub has (config.json, model.safetensors in
bfloat16, tokenizer.json, tokenizer_config.json), and expected.json: for several prompts the ids, a
greedy completion, and the logits of some positions, by transformers in float32. Weights are random,
of a fixed seed, and large enough that each of them matters: norms and biases differ from their
usual starts too. Prompts are longer than the sliding window, and than the context that RoPE was
made for where a model has another for longer ones.

The tolerance of a logit is derived from the model: rounding errors of all sums on the way to it
grow as a random walk, so with n terms in them they come to about sqrt(n) units of float32's
rounding (2^-24) of what the last product may reach, the largest row of the output matrix times the
weights of the last norm; twice that, as both sides round. A greedy completion's best token is ahead
of the second by two tolerances at each step, or other weights are taken; so it is with the experts
that a router chooses.

Needs: torch transformers tokenizers safetensors
Usage: scripts/family_golden.py OUTPUT_FOLDER [FAMILY...]

Beside the families there are two shapes of large models, openllama-3b and llama-2-70b, made only
where they are named.
"""

import base64
import json
import math
import shutil
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM

SEED = 20240607
NEW_TOKENS = 20
END = "<|end|>"
SHORT = "The ship"
MIDDLE = "When the rain had stopped, we went down to the harbour and counted the boats."
LONG = (
    "A letter came on Monday. It said that the bridge would be closed, that trains would stop at "
    "the old station, and that nobody knew for how long; so we packed our bags, took the dog, and "
    "walked along the river until we saw the lights of the town."
)
TEXT = [SHORT, MIDDLE, LONG, "The boats were old, and the old station was closed on Monday."]

SIZES = dict(
    vocab_size=288,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=256,
    rms_norm_eps=1e-5,
    bos_token_id=None,
    eos_token_id=287,
    pad_token_id=None,
    tie_word_embeddings=False,
)


def sizes(**changes):
    return {**SIZES, **changes}


def families():
    """Returns the configurations by folder."""
    t = transformers
    long_rope = {
        "rope_type": "longrope",
        "rope_theta": 10000.0,
        "partial_rotary_factor": 0.75,
        "short_factor": [1.0, 1.25, 1.5],
        "long_factor": [1.5, 3.0, 7.0],
    }
    gemma = sizes(head_dim=16, tie_word_embeddings=True)
    experts = dict(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=24)
    falcon = dict(
        vocab_size=SIZES["vocab_size"],
        hidden_size=40,
        num_hidden_layers=2,
        num_attention_heads=5,
        max_position_embeddings=256,
        bos_token_id=None,
        eos_token_id=SIZES["eos_token_id"],
    )
    return {
        "mistral": t.MistralConfig(**sizes(sliding_window=24)),
        "llama-biases": t.LlamaConfig(**sizes(attention_bias=True)),
        "qwen2": t.Qwen2Config(**sizes(rms_norm_eps=1e-6)),
        "qwen3": t.Qwen3Config(**sizes(head_dim=12, tie_word_embeddings=True)),
        "olmo2": t.Olmo2Config(**sizes()),
        "smollm3": t.SmolLM3Config(**sizes(num_hidden_layers=5, tie_word_embeddings=True)),
        "phi3": t.Phi3Config(**sizes(sliding_window=24)),
        "phi3-longrope": t.Phi3Config(
            **sizes(original_max_position_embeddings=48, rope_parameters=long_rope)
        ),
        "gemma": t.GemmaConfig(**gemma),
        "gemma2": t.Gemma2Config(
            **{**gemma, "num_hidden_layers": 4},
            sliding_window=24,
            query_pre_attn_scalar=20,
            attn_logit_softcapping=4.0,
            final_logit_softcapping=25.0,
        ),
        "gemma3": t.Gemma3TextConfig(
            **{**gemma, "num_hidden_layers": 7},
            sliding_window=24,
            query_pre_attn_scalar=16,
            rope_scaling={"rope_type": "linear", "factor": 8.0},
        ),
        "mixtral": t.MixtralConfig(**sizes(num_local_experts=8, num_experts_per_tok=2)),
        "qwen3-moe": t.Qwen3MoeConfig(
            **sizes(head_dim=12),
            **{**experts, "num_experts_per_tok": 3},
            norm_topk_prob=True,
        ),
        "qwen2-moe": t.Qwen2MoeConfig(
            **sizes(), **experts, norm_topk_prob=False, shared_expert_intermediate_size=40
        ),
        "falcon-7b": t.FalconConfig(**falcon),
        "falcon-40b": t.FalconConfig(
            **{**falcon, "hidden_size": 48, "num_attention_heads": 6},
            num_kv_heads=2,
            new_decoder_architecture=True,
            tie_word_embeddings=False,
        ),
    }


def shapes():
    """Returns shapes of large models, of two layers: too large to keep."""
    t = transformers
    return {
        "openllama-3b": t.LlamaConfig(
            **sizes(hidden_size=3200, num_attention_heads=32, num_key_value_heads=32,
                    intermediate_size=8640)
        ),
        "llama-2-70b": t.LlamaConfig(
            **sizes(hidden_size=8192, num_attention_heads=64, num_key_value_heads=8,
                    intermediate_size=4096)
        ),
    }


def make_tokenizer(folder):
    """Trains a byte-level BPE tokenizer on the prompts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZES["vocab_size"] - 1,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    tokenizer.add_special_tokens([END])
    assert tokenizer.token_to_id(END) == SIZES["eos_token_id"], tokenizer.get_vocab_size()
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    return tokenizer


def randomize(model, generator):
    """Fills a model with lively weights that bfloat16 holds exactly."""
    for name, weight in sorted(model.named_parameters()):
        noise = torch.randn(weight.shape, generator=generator)
        if name.endswith("bias"):
            value = 0.5 * noise
        elif weight.dim() == 1:
            value = 1 + 0.3 * noise
        elif "embed" in name:
            value = noise
        else:
            value = noise * 1.5 / math.sqrt(weight.shape[-1])
        weight.data.copy_(value.to(torch.bfloat16).to(torch.float32))


def tolerance(model, positions):
    """Returns what a logit may differ by, as said above."""
    config = model.config
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    query = config.num_attention_heads * head
    inside = getattr(config, "intermediate_size", None) or config.ffn_hidden_size
    # Of a mixture of experts: the sums over experts, and of the router.
    routed = getattr(config, "num_experts_per_tok", None)
    inside += routed + config.hidden_size if routed else 0
    layer = 2 * config.hidden_size + head + positions + query + inside
    terms = config.num_hidden_layers * layer + config.hidden_size
    rows = model.get_output_embeddings().weight.norm(dim=1).max().item()
    last_norm = model.transformer.ln_f if config.model_type == "falcon" else model.model.norm
    missing = 1 if config.model_type.startswith("gemma") else 0
    norm = (last_norm.weight + missing).norm().item()
    return 2 * math.sqrt(terms) * 2.0**-24 * rows * norm


def routes_clearly(model, ids):
    """Returns whether each token's last expert is ahead of the next by two tolerances of a router."""
    routers = [layer.mlp.gate for layer in model.model.layers]
    inputs = []
    hooks = [
        router.register_forward_pre_hook(lambda module, args: inputs.append((module, args[0])))
        for router in routers
    ]
    model(torch.tensor([ids]), use_cache=False)
    for hook in hooks:
        hook.remove()
    for router, rows in inputs:
        logits = rows.reshape(-1, rows.shape[-1]) @ router.weight.T
        used = model.config.num_experts_per_tok
        best = torch.topk(logits, used + 1).values
        relative = tolerance(model, len(ids)) / (
            model.get_output_embeddings().weight.norm(dim=1).max() * model.model.norm.weight.norm()
        )
        allowed = relative * router.weight.norm(dim=1).max() * rows.norm(dim=-1).max()
        if (best[:, used - 1] - best[:, used]).min() <= 2 * allowed:
            return False
    return True


def encoded(row):
    return base64.b64encode(row.to(torch.float32).numpy().astype("<f4").tobytes()).decode()


def case(model, tokenizer, prompt, context_length):
    """Returns a prompt's greedy completion, and logits of positions along prompt and completion."""
    ids = tokenizer.encode(prompt).ids
    prompt_length = len(ids)
    margin = math.inf
    with torch.no_grad():
        for _ in range(NEW_TOKENS):
            # Without a cache: LongRoPE would not turn again what is in it.
            last = model(torch.tensor([ids]), use_cache=False).logits[0, -1]
            best = torch.topk(last, 2).values
            margin = min(margin, (best[0] - best[1]).item())
            ids.append(int(last.argmax()))
        logits = model(torch.tensor([ids]), use_cache=False).logits[0]
    allowed = tolerance(model, len(ids))
    if margin <= 2 * allowed or SIZES["eos_token_id"] in ids:
        return None
    if hasattr(model.config, "num_experts_per_tok") and not routes_clearly(model, ids):
        return None
    completion = ids[prompt_length:]
    positions = sorted({0, prompt_length // 2, prompt_length - 1, len(ids) - 1})
    return {
        "prompt": prompt,
        "context_length": context_length,
        "prompt_ids": ids[:prompt_length],
        "greedy_ids": completion,
        "greedy_text": tokenizer.decode(completion),
        "tolerance": allowed,
        "logits": [{"position": p, "float32": encoded(logits[p])} for p in positions],
    }


def cases(model, tokenizer):
    """Returns all cases; none where a completion is not clear, or ends early."""
    original = getattr(model.config, "original_max_position_embeddings", None)
    rope_type = (model.config.rope_parameters or {}).get("rope_type", "default")
    if rope_type != "longrope":
        wanted = [(prompt, 0) for prompt in (SHORT, MIDDLE, LONG)]
    else:
        # An engine takes one set of factors for all rows: the short ones where its context is short.
        wanted = [(SHORT, original), (LONG, 0)]
    found = [case(model, tokenizer, *each) for each in wanted]
    return None if None in found else found


def make(folder, name, config):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config).to(torch.float32).eval()
    tokenizer = make_tokenizer(folder)
    found = None
    seed = SEED
    while found is None:
        randomize(model, torch.Generator().manual_seed(seed))
        found = cases(model, tokenizer)
        seed += 1
    expected = {"transformers": transformers.__version__, "cases": found}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    config.architectures = [type(model).__name__]
    config.dtype = "bfloat16"
    config.save_pretrained(folder)
    if hasattr(config, "num_experts_per_tok"):
        # Its modules hold all experts in one tensor; checkpoints have one for each.
        model.to(torch.bfloat16).save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
    else:
        save_weights(folder, model)
    size = sum(file.stat().st_size for file in folder.iterdir())
    for entry in expected["cases"]:
        count = len(entry["prompt_ids"])
        print(f"{name}: {count} tokens, tolerance {entry['tolerance']:.2e}")
    print(f"{name}: {size} bytes")


def save_weights(folder, model):
    tied = {"lm_head.weight"} if model. config.tie_word_embeddings else set()
    weights = {
        key: value.to(torch.bfloat16).contiguous()
        for key, value in model.state_dict().items()
        if key not in tied
    }
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})


def main():
    output = Path(sys.argv[1])
    wanted = sys.argv[2:]
    for name, config in (families() | shapes()).items():
        if name in (wanted or families()):
            make(output / name, name, config)


if __name__ == "__main__":
    main()
