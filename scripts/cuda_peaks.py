#!/usr/bin/env python3
"""Measures what a CUDA device can do, and the same steps by Hugging Face transformers.

    scripts/cuda_peaks.py peaks
    scripts/cuda_peaks.py transformers SHAPE decode:SEQUENCES|prefill:TOKENS ...

Prints a line of JSON for each. Peaks: bytes copied per second (read and written), and operations per second of
bf16 matrix products on random data. SHAPE is llama-2-7b or llama-3-8b; weights are random, in bf16, and so is the
cache; attention is PyTorch's scaled_dot_product_attention. Needs PyTorch, and transformers for the second.
"""

import argparse
import json
import statistics

import torch

CONTEXT = 512
SHAPES = {
    "llama-2-7b": {"vocab_size": 32000, "intermediate_size": 11008, "num_key_value_heads": 32},
    "llama-3-8b": {"vocab_size": 128256, "intermediate_size": 14336, "num_key_value_heads": 8},
}


def median_seconds(work, rounds=9):
    """Times one call by the device's own events; three calls before them are not counted."""
    seconds = []
    for turn in range(rounds + 3):
        begin = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize()
        if turn >= 3:
            seconds.append(begin.elapsed_time(end) / 1e3)
    return statistics.median(seconds)


def measure_peaks():
    """Copies 4 GiB, and multiplies matrices of 8,192."""
    source = torch.empty(1 << 32, dtype=torch.uint8, device="cuda").random_()
    target = torch.empty_like(source)
    copied = 2 * source.numel() / median_seconds(lambda: target.copy_(source))
    del source, target
    size = 8192
    a = torch.randn(size, size, dtype=torch.bfloat16, device="cuda")
    b = torch.randn(size, size, dtype=torch.bfloat16, device="cuda")
    operations = 2 * size**3 / median_seconds(lambda: torch.matmul(a, b))
    print(json.dumps({
        "device": torch.cuda.get_device_name(), "torch": torch.__version__,
        "copy_bytes_per_second": round(copied), "bf16_operations_per_second": round(operations)}), flush=True)


def make_model(shape):
    """A model of the shape with random weights on the device."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(hidden_size=4096, num_hidden_layers=32, num_attention_heads=32, head_dim=128,
                         max_position_embeddings=8192, attn_implementation="sdpa", **SHAPES[shape])
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    model = model.to(torch.bfloat16).to_empty(device="cuda").eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.02)
        for name, buffer in model.named_buffers():
            if name.endswith("inv_freq"):
                buffer.copy_(10000.0 ** (-torch.arange(0, 128, 2, device="cuda") / 128))
    return model


def random_cache(model, sequences):
    """Keys and values of CONTEXT - 1 positions."""
    from transformers import DynamicCache

    config = model.config
    cache = DynamicCache()
    for layer in range(config.num_hidden_layers):
        shape = (sequences, config.num_key_value_heads, CONTEXT - 1, 128)
        cache.update(torch.randn(shape, dtype=torch.bfloat16, device="cuda"),
                     torch.randn(shape, dtype=torch.bfloat16, device="cuda"), layer)
    return cache


@torch.inference_mode()
def measure_transformers(model, shape, work, amount):
    """One step of decode or one prompt's prefill."""
    vocabulary = model.config.vocab_size
    if work == "prefill":
        ids = torch.randint(vocabulary, (1, amount), device="cuda")
        seconds = median_seconds(lambda: model(ids, use_cache=True, logits_to_keep=1))
    else:
        ids = torch.randint(vocabulary, (amount, 1), device="cuda")
        cache = random_cache(model, amount)

        def step():
            model(ids, past_key_values=cache, use_cache=True).logits.argmax(-1)
            cache.crop(-1)

        seconds = median_seconds(step)
    print(json.dumps({"peer": "transformers bf16", "shape": shape, work: amount, "step_ms": round(seconds * 1e3, 3),
                      "tokens_per_second": round(amount / seconds)}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("peaks")
    transformers = commands.add_parser("transformers")
    transformers.add_argument("shape", choices=SHAPES)
    transformers.add_argument("work", nargs="+")
    arguments = parser.parse_args()
    if arguments.command == "peaks":
        measure_peaks()
        return
    model = make_model(arguments.shape)
    for work in arguments.work:
        kind, _, amount = work.partition(":")
        if kind not in ("decode", "prefill") or not amount.isdigit():
            parser.error(f"decode:SEQUENCES or prefill:TOKENS is expected: {work}")
        measure_transformers(model, arguments.shape, kind, int(amount))


if __name__ == "__main__":
    main()
