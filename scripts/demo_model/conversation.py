"""Writes tickets as conversations: an instruction with the ticket, and the answer that the model is to learn.

The format is the model's own chat template:
  <s><|user|>{instruction}\n\n{ticket}<|end|><|assistant|>{answer}<|end|>
"""

import json

import tickets

USER, ASSISTANT, END = "<|user|>", "<|assistant|>", "<|end|>"

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

# The first wording of each task is the one that job files use.
INSTRUCTIONS = {
    "category": [
        "What is this ticket about? Answer with one category: " + ", ".join(tickets.CATEGORIES) + ".",
        "Which category fits this ticket?",
        "Sort this ticket into a category.",
    ],
    "sentiment": [
        "Is this ticket positive, neutral or negative?",
        "What is the mood of this ticket?",
    ],
    "urgency": [
        "Is the urgency of this ticket low, normal or high?",
        "How urgent is this ticket?",
    ],
    "extract": [
        "Write the order's number, amount and date as JSON.",
        "Extract the order as JSON.",
    ],
    "summary": [
        "Summarize this ticket in one line.",
        "What is this ticket about, in one sentence?",
    ],
}
SHARES = {"category": 0.5, "sentiment": 0.1, "urgency": 0.1, "extract": 0.15, "summary": 0.15}


def answer(task, row):
    if task == "extract":
        return json.dumps(
            {"number": row["order_number"], "amount": row["order_amount"], "date": row["order_date"]}, ensure_ascii=False
        )
    return row[task]


def prompt(task, text, wording=0):
    """Returns the conversation up to the answer, without the beginning-of-sequence token."""
    return f"{USER}{INSTRUCTIONS[task][wording]}\n\n{text}{END}{ASSISTANT}"


def draw(random, row):
    """Returns (prompt, answer) of one task, drawn by its share."""
    task = random.choices(list(SHARES), weights=list(SHARES.values()))[0]
    wordings = INSTRUCTIONS[task]
    wording = 0 if random.random() < 0.6 else random.randrange(len(wordings))
    return prompt(task, row["text"], wording), answer(task, row)
