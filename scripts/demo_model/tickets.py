"""Generates support tickets with gold labels: category, sentiment, urgency, order fields, one-line summary.

Training and held-out tickets share no template and no product name: each clause (a topic's subject joined
to a predicate, a foil clause, an issue clause, an order clause) belongs to one of the two by a hash of its
text; short lists (greetings, urgency and the like) are kept apart by hand. A ticket often names a second problem that it is NOT about, in the words in which another ticket would
name its own: so the words alone do not give the category, their order does.

Usage: tickets.py --split held-out --count 1000 --seed 1 --out tickets.parquet
"""

import argparse
import hashlib
import json
import random
import re

import lexicon

CATEGORIES = sorted(lexicon.TOPICS)
SENTIMENTS = sorted(lexicon.SENTIMENTS)
URGENCIES = ["low", "normal", "high"]
HELD_OUT_SHARE = 0.2
# Chosen so that each list of clauses gives about a quarter of itself to the held-out tickets.
SPLIT_SALT = 976
FOIL_SHARE = 0.6
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December"]


def split_of(template):
    """Deals a template to "train" or "held-out", by its text alone."""
    digest = hashlib.sha256(f"{SPLIT_SALT}:{template}".encode()).digest()
    return "held-out" if digest[0] < 256 * HELD_OUT_SHARE else "train"


def of_split(templates, split):
    chosen = [template for template in templates if split_of(template) == split]
    if not chosen:
        raise ValueError(f"no template of {split} among: {templates[0]} …")
    return chosen


def problems(category, split):
    """Returns every clause that states a problem of this category, for one split."""
    joined = [
        f"{subject} {agree(subject, predicate)}"
        for subjects, predicates in lexicon.TOPICS[category]
        for subject in subjects
        for predicate in predicates
    ]
    return of_split(joined, split)


def joined(openings, endings):
    return [f"{opening} {ending}" for opening in openings for ending in endings]


def foil_clauses():
    return [
        f"{opening} {{problem}}{ending}"
        for openings, endings in lexicon.FOIL_CLAUSES
        for opening in openings
        for ending in endings
    ]


def issue_clauses():
    times, openings = lexicon.ISSUE_CLAUSES
    return [" ".join(part for part in (time, opening, "{problem}.") if part) for time in times for opening in openings]


def brands():
    first, middle, last = lexicon.SYLLABLES
    return [a + c for a in first for c in last] + [a + b + c for a in first for b in middle for c in last]


THIRD_PERSON = {"do": "does", "have": "has", "want": "wants", "wish": "wishes", "need": "needs", "wonder": "wonders",
                "ask": "asks", "wait": "waits"}


def agree(subject, predicate):
    """Makes a plain verb at the head of a predicate agree with a singular subject such as "my mother"."""
    first, _, rest = predicate.partition(" ")
    plural = subject in ("I", "we") or " and I" in subject
    if plural:
        singular = {"was": "was" if subject == "I" else "were", "does": "do"}
        return f"{singular.get(first, first)} {rest}"
    return f"{THIRD_PERSON.get(first, first)} {rest}"


class TicketGenerator:
    """Draws tickets of one split from a seeded generator."""

    def __init__(self, split, seed):
        self.random = random.Random(seed)
        self.split = split
        self.problems = {category: problems(category, split) for category in CATEGORIES}
        self.foils = of_split(foil_clauses(), split)
        self.issues = of_split(issue_clauses(), split)
        self.moods = {name: of_split(joined(*parts), split) for name, parts in lexicon.SENTIMENTS.items()}
        self.orders = of_split(lexicon.ORDER_CLAUSES, split)
        self.brands = of_split(brands(), split)
        self.names = lexicon.NAMES[split]

    def ticket(self):
        """Returns one ticket: text and gold labels."""
        draw = self.random
        category = draw.choice(CATEGORIES)
        sentiment = draw.choice(SENTIMENTS)
        urgency = draw.choice(URGENCIES)
        product = self.product()
        fields = self.order_fields()
        issue = draw.choice(self.issues)
        template = draw.choice(self.problems[category])
        problem = template.format(product=product)
        clause = issue.format(problem=problem)
        sentences = [clause[0].upper() + clause[1:]]
        if draw.random() < FOIL_SHARE:
            other = draw.choice([c for c in CATEGORIES if c != category])
            foil = draw.choice(self.foils).format(
                problem=draw.choice(self.problems[other]).format(product=draw.choice([product, self.product()]))
            )
            sentences.insert(0 if draw.random() < 0.7 else 1, foil)
        extras = [
            draw.choice(self.orders).format(**fields),
            draw.choice(self.moods[sentiment]),
            draw.choice(lexicon.URGENCIES[self.split][urgency]),
        ]
        if draw.random() < 0.15:
            extras.append(draw.choice(lexicon.QUOTES[self.split]))
        draw.shuffle(extras)
        place = draw.randrange(len(extras) + 1)
        body = [part for part in extras[:place] + sentences + extras[place:] if part]
        body = " ".join(body)
        if draw.random() < 0.3:
            body = self.with_typos(body, protect=[product, *fields.values()])
        text = draw.choice(lexicon.CHANNELS[self.split]) + " ".join(
            part
            for part in [draw.choice(lexicon.GREETINGS[self.split]), body, draw.choice(lexicon.SIGN_OFFS[self.split]), draw.choice(self.names)]
            if part
        )
        if label_words(category) & set(re.findall(r"[a-z]+", text.lower())):
            return self.ticket()
        return {
            "text": text,
            "category": category,
            "sentiment": sentiment,
            "urgency": urgency,
            "order_number": fields["number"],
            "order_amount": fields["amount"],
            "order_date": fields["date"],
            "summary": lexicon.SUMMARIES[category]["{product}" not in template].format(product=product),
        }

    def product(self):
        return f"{self.random.choice(self.brands)} {self.random.choice(lexicon.THINGS)}"

    def order_fields(self):
        draw = self.random
        number = draw.choice(["A-", "B-", "K", "#", "20-"]) + "".join(draw.choice("0123456789") for _ in range(draw.choice([5, 6, 7])))
        amount = f"{draw.randrange(5, 900)}.{draw.randrange(100):02d} {draw.choice(['USD', 'EUR', 'GBP'])}"
        day, month = draw.randrange(1, 29), draw.randrange(12)
        date = draw.choice([f"{day} {MONTHS[month]}", f"{MONTHS[month]} {day}", f"2026-{month + 1:02d}-{day:02d}"])
        return {"number": number, "amount": amount, "date": date}

    def with_typos(self, text, protect):
        """Swaps, drops or doubles a letter in a few words; order fields and products stay as they are."""
        draw = self.random
        held = re.compile("(" + "|".join(re.escape(word) for word in protect) + ")")
        pieces = held.split(text)
        for i in range(0, len(pieces), 2):
            words = pieces[i].split(" ")
            for j, word in enumerate(words):
                if len(word) > 4 and word.isalpha() and draw.random() < 0.06:
                    at = draw.randrange(1, len(word) - 1)
                    words[j] = draw.choice(
                        [
                            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                            word[:at] + word[at + 1 :],
                            word[:at] + word[at] + word[at:],
                        ]
                    )
            pieces[i] = " ".join(words)
        return "".join(pieces)


def label_words(category):
    """Returns the words that no ticket of this category may contain."""
    return {category, category + "s", category + "ed"}


def templates_of(split):
    """Returns every template of a split, for the check that the two share none."""
    texts = set()
    for category in CATEGORIES:
        texts.update(problems(category, split))
    for templates in (foil_clauses(), issue_clauses(), lexicon.ORDER_CLAUSES, brands()):
        texts.update(of_split(templates, split))
    for parts in lexicon.SENTIMENTS.values():
        texts.update(of_split(joined(*parts), split))
    for own in (lexicon.URGENCIES[split].values(), [lexicon.GREETINGS[split], lexicon.SIGN_OFFS[split]],
                [lexicon.CHANNELS[split], lexicon.QUOTES[split]]):
        for templates in own:
            texts.update(template for template in templates if template)
    return texts


def generate(split, count, seed):
    """Returns `count` distinct tickets of a split."""
    generator, seen, rows = TicketGenerator(split, seed), set(), []
    while len(rows) < count:
        ticket = generator.ticket()
        if ticket["text"] not in seen:
            seen.add(ticket["text"])
            rows.append(ticket)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=["train", "held-out"], required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True, help="a .parquet or .jsonl file")
    arguments = parser.parse_args()
    rows = generate(arguments.split, arguments.count, arguments.seed)
    for index, row in enumerate(rows):
        row["id"] = f"T{index:05d}"
    if arguments.out.endswith(".parquet"):
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), arguments.out, compression="zstd")
    else:
        with open(arguments.out, "w", encoding="utf-8") as out:
            for row in rows:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
