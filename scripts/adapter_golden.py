#!/usr/bin/env python3
"""Makes the golden files of adapters: of tiny checkpoints two each, and what PEFT says of them.

The checkpoints are those of scripts/family_golden.py. For each a folder with two adapters as
llama.cpp's convert_lora_to_gguf.py writes them (first.gguf in F32 on all matrices, the output
matrix too; second.gguf in F16 on some), and for each of them a JSON file: for several prompts the
ids, a greedy completion, and the logits of some positions, by PEFT in float32 without merging.
Numbers are random, of a fixed seed, held exactly by float16, and large enough that each matters.

The tolerance of a logit is that of family_golden.py, with the terms that A and B add to the sums.

Needs: torch transformers peft gguf tokenizers safetensors
Usage: scripts/adapter_golden.py CHECKPOINTS_FOLDER OUTPUT_FOLDER
"""

import json
import math
import shutil
import sys
from pathlib import Path

import gguf
import peft
import torch
import transformers
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

import family_golden as family

SEED = 20240611

# Modules of a layer, and the tensors of a GGUF file that they are.
SEPARATE = {
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}
FUSED = {
    "qkv_proj": "attn_qkv",
    "o_proj": "attn_output",
    "gate_up_proj": "ffn_up",
    "down_proj": "ffn_down",
}
# By checkpoint: the architecture in a file, its modules, and whether heads are in LLaMA's order.
CHECKPOINTS = {
    "mistral": ("llama", SEPARATE, True),
    "qwen2": ("qwen2", SEPARATE, False),
    "phi3": ("phi3", FUSED, False),
}


def adapters(modules):
    """Returns name, rank, alpha, the user's scale, modules and element type of each adapter."""
    some = [module for module in modules if module not in ("k_proj", "gate_proj", "o_proj")]
    everything = [*modules, "lm_head"]
    return [
        ("first", 4, 6.0, 1.0, everything, torch.float32),
        ("second", 3, 8.0, 0.75, some, torch.float16),
    ]


def randomize(model, generator):
    for name, weight in sorted(model.named_parameters()):
        if "lora_" in name:
            noise = torch.randn(weight.shape, generator=generator)
            value = noise / math.sqrt(weight.shape[1])
            weight.data.copy_(value.to(torch.float16).to(torch.float32))


def interleaved(b, heads):
    """Returns B with the rows of each head in the order that LLaMA's converters write."""
    rows = b.reshape(heads, 2, b.shape[0] // heads // 2, b.shape[1])
    return rows.swapaxes(1, 2).reshape(b.shape)


def write(path, model, architecture, names, alpha, element, is_interleaved):
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    config = model.config
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    state = peft.get_peft_model_state_dict(model, save_embedding_layers=False)
    for key, value in sorted(state.items()):
        parts = key.split(".")  # base_model.model.model.layers.N.self_attn.MODULE.lora_A.weight
        module = parts[-3]
        tensor = "output" if module == "lm_head" else f"blk.{parts[4]}.{names[module]}"
        half = parts[-2].lower()
        if is_interleaved and half == "lora_b" and module in heads:
            value = interleaved(value, heads[module])
        writer.add_tensor(f"{tensor}.weight.{half}", value.to(element).contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(checkpoint, folder, name):
    architecture, names, is_interleaved = CHECKPOINTS[name]
    folder.mkdir(parents=True)
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    generator = torch.Generator().manual_seed(SEED)
    for adapter, rank, alpha, scale, modules, element in adapters(names):
        base = AutoModelForCausalLM.from_pretrained(
            checkpoint, dtype=torch.float32, attn_implementation="eager"
        )
        config = peft.LoraConfig(
            r=rank, lora_alpha=alpha * scale, target_modules=modules, lora_dropout=0.0
        )
        model = peft.get_peft_model(base, config).eval()
        randomize(model, generator)
        write(folder / f"{adapter}.gguf", model, architecture, names, alpha, element, is_interleaved)
        plain = family.tolerance
        # A and B have at most as many terms as the sums that there are without them.
        family.tolerance = lambda m, positions: plain(m.get_base_model(), positions) * math.sqrt(2)
        cases = [family.case(model, tokenizer, prompt, 0) for prompt in (family.SHORT, family.LONG)]
        family.tolerance = plain
        expected = {
            "peft": peft.__version__,
            "transformers": transformers.__version__,
            "scale": scale,
            "cases": cases,
        }
        (folder / f"{adapter}.json").write_text(json.dumps(expected, indent=1) + "\n")
        print(f"{name} {adapter}: tolerance {cases[-1]['tolerance']:.2e}")


def main():
    checkpoints, output = Path(sys.argv[1]), Path(sys.argv[2])
    for name in CHECKPOINTS:
        shutil.rmtree(output / name, ignore_errors=True)
        make(checkpoints / name, output / name, name)


if __name__ == "__main__":
    main()
