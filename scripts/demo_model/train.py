"""Trains the demo model and writes its weights, vocabulary and golden figures.

Runs on a CPU or a GPU; seeded. Writes to the folder --out:
  weights-NN.npz   float16 tensors by GGUF name (the trained weights, rounded once)
  vocabulary.model the SentencePiece model
  golden.jsonl     200 held-out tickets: label and the log-likelihood of each label, computed in float64
  report.json      steps, seconds, losses, held-out accuracies

Usage: train.py --out DIR [--steps 4000] [--batch 64] [--minutes 8]
"""

import argparse
import json
import math
import multiprocessing
import os
import random
import time

import conversation
import numpy
import sentencepiece
import tickets
import torch
import vocabulary
from llama import Llama
from shape import Shape

ANSWER_WEIGHT = 4.0


def encode_chunk(arguments):
    """Returns (ids, weights) of `count` conversations, one after the other; runs in a worker process."""
    model, seed, count = arguments
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    generator, draw = tickets.TicketGenerator("train", seed), random.Random(seed * 7919 + 1)
    ids, weights = [], []
    for _ in range(count):
        prompt, answer = conversation.draw(draw, generator.ticket())
        head = [processor.bos_id()] + vocabulary.encode_marked(processor, prompt)
        tail = processor.encode(answer) + [processor.eos_id()]
        ids += head + tail
        weights += [1.0] * len(head) + [ANSWER_WEIGHT] * len(tail)
    return numpy.array(ids, dtype=numpy.int16), numpy.array(weights, dtype=numpy.float32)


def training_stream(model, conversations):
    workers, per_chunk = os.cpu_count(), 5000
    chunks = [(model, 1000 + index, per_chunk) for index in range(math.ceil(conversations / per_chunk))]
    with multiprocessing.Pool(workers) as pool:
        parts = pool.map(encode_chunk, chunks, chunksize=1)
    return numpy.concatenate([ids for ids, _ in parts]), numpy.concatenate([weights for _, weights in parts])


def batches(ids, weights, shape, batch, seed):
    """Yields (inputs, targets, target weights), each [batch, context], forever, in a seeded order."""
    rows = (len(ids) - 1) // shape.context
    order = numpy.random.default_rng(seed)
    while True:
        for start in range(0, rows - batch + 1, batch):
            if start == 0:
                permutation = order.permutation(rows)
            at = permutation[start : start + batch, None] * shape.context + numpy.arange(shape.context + 1)
            window = torch.from_numpy(ids[at].astype(numpy.int64))
            yield window[:, :-1], window[:, 1:], torch.from_numpy(weights[at[:, 1:]])


def learning_rate(step, steps, peak=3e-3, warmup=200):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup))))


def train(model, stream, steps, batch, minutes, device):
    shape, began, log = model.shape, time.time(), []
    decay = [p for p in model.parameters() if p.dim() == 2]
    plain = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}], lr=1e-3, betas=(0.9, 0.95)
    )
    forward = torch.compile(model) if device == "cuda" else model
    for step, (inputs, targets, weights) in zip(range(steps), batches(*stream, shape, batch, seed=3)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        inputs, targets, weights = inputs.to(device), targets.to(device), weights.to(device)
        with torch.autocast(device, dtype=torch.bfloat16):
            logits = forward(inputs)
        losses = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none")
        loss = (losses * weights.flatten()).sum() / weights.sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 200 == 0 or step == steps - 1:
            log.append({"step": step, "loss": round(loss.item(), 4), "seconds": round(time.time() - began, 1)})
            print(json.dumps(log[-1]), flush=True)
        if time.time() - began > minutes * 60:
            raise SystemExit(f"{minutes} minutes are over at step {step} of {steps}: lower --steps, or raise --minutes")
    return log


@torch.no_grad()
def label_log_likelihoods(model, processor, prompt, labels, device):
    """Returns the joint log-likelihood of each label's tokens and the end token after the prompt."""
    head = [processor.bos_id()] + vocabulary.encode_marked(processor, prompt)
    result = []
    for label in labels:
        tail = processor.encode(label) + [processor.eos_id()]
        ids = torch.tensor([head + tail], device=device)
        log_probabilities = torch.log_softmax(model(ids)[0], dim=-1)
        at = torch.arange(len(head) - 1, len(head) + len(tail) - 1, device=device)
        result.append(log_probabilities[at, torch.tensor(tail, device=device)].sum().item())
    return result


def classify(model, processor, rows, task, labels, device):
    hits, golden = 0, []
    for row in rows:
        scores = label_log_likelihoods(model, processor, conversation.prompt(task, row["text"]), labels, device)
        best = labels[max(range(len(labels)), key=scores.__getitem__)]
        hits += best == row[task]
        golden.append({"instruction": conversation.INSTRUCTIONS[task][0], "text": row["text"], "gold": row[task], "label": best,
                       "log_likelihoods": {l: round(s, 6) for l, s in zip(labels, scores)}})
    return hits / len(rows), golden


@torch.no_grad()
def complete(model, processor, prompt, device, most=120):
    ids = [processor.bos_id()] + vocabulary.encode_marked(processor, prompt)
    begin = len(ids)
    while len(ids) < begin + most:
        best = model(torch.tensor([ids], device=device))[0, -1].argmax().item()
        if best == processor.eos_id():
            break
        ids.append(best)
    return processor.decode(ids[begin:])


def evaluate(model, processor, device, count):
    rows = tickets.generate("held-out", count, seed=1)
    report, golden = {}, []
    for task, labels in (("category", tickets.CATEGORIES), ("sentiment", tickets.SENTIMENTS), ("urgency", tickets.URGENCIES)):
        accuracy, results = classify(model, processor, rows, task, labels, device)
        report[task] = accuracy
        golden = golden or results
    for task in ("extract", "summary"):
        exact = [complete(model, processor, conversation.prompt(task, row["text"]), device) == conversation.answer(task, row)
                 for row in rows[:200]]
        report[task] = sum(exact) / len(exact)
    return report, golden[:200]


def save(model, folder):
    tensors = {}
    for name, tensor in model.state_dict().items():
        tensors[name] = tensor.cpu().numpy().astype(numpy.float16)
    for part, names in enumerate((sorted(tensors)[0::2], sorted(tensors)[1::2])):
        numpy.savez(os.path.join(folder, f"weights-{part:02d}.npz"), **{name: tensors[name] for name in names})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--conversations", type=int, default=1500000)
    parser.add_argument("--evaluate", type=int, default=1000)
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    torch.manual_seed(7)
    torch.set_float32_matmul_precision("high")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    began = time.time()
    proto = vocabulary.train_vocabulary()
    with open(os.path.join(arguments.out, "vocabulary.model"), "wb") as out:
        out.write(proto)
    stream = training_stream(proto, arguments.conversations)
    print(json.dumps({"tokens": len(stream[0]), "seconds": round(time.time() - began, 1)}), flush=True)
    model = Llama(Shape()).to(device)
    log = train(model, stream, arguments.steps, arguments.batch, arguments.minutes, device)
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()
    save(model, arguments.out)
    processor = sentencepiece.SentencePieceProcessor(model_proto=proto)
    report, golden = evaluate(model.double(), processor, device, arguments.evaluate)
    report = {"parameters": sum(p.numel() for p in model.parameters()), "held_out_accuracy": report, "log": log}
    with open(os.path.join(arguments.out, "golden.jsonl"), "w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in golden)
    with open(os.path.join(arguments.out, "report.json"), "w", encoding="utf-8") as out:
        json.dump(report, out, indent=1)
    print(json.dumps({key: report[key] for key in ("parameters", "held_out_accuracy")}))


if __name__ == "__main__":
    main()
