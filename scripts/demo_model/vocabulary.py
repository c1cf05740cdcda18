"""Trains the demo model's vocabulary on the generated text: SentencePiece BPE, 2,048 pieces, byte fallback.

Usage: vocabulary.py --out vocabulary.model
"""

import argparse
import io
import random

import conversation
import sentencepiece
import tickets

SIZE = 2048


def train_vocabulary():
    """Returns the serialized SentencePiece model; the same on every run."""
    generator = tickets.TicketGenerator("train", seed=5)
    draw = random.Random(6)
    lines = []
    for _ in range(40000):
        prompt, answer = conversation.draw(draw, generator.ticket())
        for mark in (conversation.USER, conversation.ASSISTANT, conversation.END):
            prompt = prompt.replace(mark, "\n")
        lines.extend(line for line in (prompt + answer).split("\n") if line)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        model_type="bpe",
        vocab_size=SIZE,
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        character_coverage=0.9995,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        eos_piece=conversation.END,
        control_symbols=[conversation.USER, conversation.ASSISTANT],
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def encode_marked(processor, text):
    """Encodes text in which the marks of a conversation stand, each as its own token."""
    ids, rest = [], text
    marks = (conversation.USER, conversation.ASSISTANT, conversation.END)
    while rest:
        at, mark = min(((rest.find(m), m) for m in marks if m in rest), default=(len(rest), None))
        ids += processor.encode(rest[:at])
        if mark:
            ids.append(processor.piece_to_id(mark))
        rest = rest[at + len(mark) :] if mark else ""
    return ids


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    with open(parser.parse_args().out, "wb") as out:
        out.write(train_vocabulary())


if __name__ == "__main__":
    main()
