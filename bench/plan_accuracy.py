"""Compares what `sparkllama plan` predicts with what the run of the same job comes to.

    python3 bench/plan_accuracy.py DOCUMENTS MODEL_60M MODEL_CLASSIFY DIRECTORY

DOCUMENTS is a folder with sms.tsv, bbc.tar.gz, banking77-test.csv and banking77-categories.json,
MODEL_60M a model by `sparkllama synthesize --shape llama-60m --type Q8_0`, MODEL_CLASSIFY any
small model, DIRECTORY for files that it makes. Three jobs: conf/tickets-complete.conf; 4,800 SMS
and news of very different lengths, 400 of them equal to others, one-sentence answers; and
conf/banking77-classify.conf. Prints a table in Markdown.
"""

import json
import pathlib
import random
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIGURES = ["prompt_tokens", "cached_tokens", "completion_tokens", "seconds"]


def write_mixed(documents, path):
    random.seed(5)
    with open(documents / "sms.tsv", encoding="utf-8", errors="replace") as lines:
        sms = [line.rstrip("\n").split("\t", 1)[1] for line in lines]
    with tarfile.open(documents / "bbc.tar.gz") as archive:
        news = [
            archive.extractfile(member).read().decode("utf-8", "replace")
            for member in archive.getmembers()
            if member.isfile() and member.name.endswith(".txt") and "README" not in member.name
        ]
    random.shuffle(sms)
    random.shuffle(news)
    rows = sms[:4000] + [text[:1500] for text in news[:400]]
    rows += [random.choice(rows) for _ in range(400)]
    random.shuffle(rows)
    with open(path, "w", encoding="utf-8") as out:
        for number, text in enumerate(rows):
            out.write(json.dumps({"id": number, "text": text}) + "\n")


def write_mixed_job(model, rows, directory):
    job = directory / "mixed.conf"
    job.write_text(
        f"""
task = complete
model.path = "{model}"
input {{ format = json, path = "{rows}", key = id, partitions = 4 }}
prompt.template = "Answer the message of a customer in one sentence.\\n\\n{{{{ text }}}}\\n\\nAnswer:"
generation.max-tokens = 24
output {{ path = "{directory / "mixed"}", mode = overwrite }}
"""
    )
    return job


def call(command, job):
    done = subprocess.run(
        ["scripts/sparkllama", command, *job, "--json"], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def main():
    documents, model, classifier, directory = (pathlib.Path(a).resolve() for a in sys.argv[1:])
    directory.mkdir(parents=True, exist_ok=True)
    write_mixed(documents, directory / "mixed.jsonl")
    jobs = {
        "tickets-complete": [
            "conf/tickets-complete.conf",
            "output.show=0",
            f"output.path={directory / 'tickets'}",
        ],
        "mixed": [str(write_mixed_job(model, directory / "mixed.jsonl", directory))],
        "banking77-classify": [
            "conf/banking77-classify.conf",
            f"model.path={classifier}",
            f"input.path={documents / 'banking77-test.csv'}",
            f"classify.labels-file={documents / 'banking77-categories.json'}",
            f"output.path={directory / 'banking77'}",
            "output.mode=overwrite",
        ],
    }
    print("| job | rows | figure | predicted | interval | outcome | off by |")
    print("|---|---|---|---|---|---|---|")
    for name, job in jobs.items():
        plan = call("plan", job)
        run = call("run", [*job, "plan.before-run=false"])
        for figure in FIGURES:
            told, came = plan[figure], run[figure]
            off = f"{100 * (told['predicted'] / came - 1):+.1f}%" if came else "–"
            digits = 1 if figure == "seconds" else 0
            print(
                f"| {name} | {run['rows']:,} | {figure.replace('_', ' ')} |"
                f" {told['predicted']:,.{digits}f} | {told['low']:,.{digits}f} to"
                f" {told['high']:,.{digits}f} | {came:,.{digits}f} | {off} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
