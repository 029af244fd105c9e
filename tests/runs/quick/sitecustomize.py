"""A judge that costs nothing, for workers whose test is about the run: python imports this by itself from PYTHONPATH."""

import sys
import types


def evaluate(generator, train, test, *, seed, report=None):
    if report:
        report(1, 1, phase="evaluate")
    score = {"value": float(generator.sample(4, seed=seed).mean()), "low": 0.0, "high": 255.0}
    entry = {**dict.fromkeys(("class_accuracy", "feature_fid", "precision", "recall"), score), "copies": {"share": score}}
    return {
        "task": "pictures", "metric": "class_accuracy", "n_train": len(train), "n_test": len(test),
        "model": {"name": type(generator).__name__, **entry}, "baselines": [{"name": "PCA + Gaussian", **entry}],
        "difference": {"against": "PCA + Gaussian"}, "verdict": {"kind": "varied", "message": {"template": "Varied.", "values": {}}},
    }


def prove(generator, train, test, *, rare, per_class_goal, seed, report):
    report(1, 1, phase="prove")
    span = {"value": 0.5, "low": 0.4, "high": 0.6}
    side = {"recall": span, "precision": span, "f1": span, "balanced_accuracy": span}
    return {
        "class": rare, "n_real": int((train.labels == rare).sum()), "n_generated": per_class_goal, "without": side, "repeated": side,
        "with": side, "verdict": {"kind": "better", "message": {"template": "Better.", "values": {}}},
    }


def write(generator, train, test, *, seed, report=None):
    report(1, 1, phase="evaluate")
    entry = {"bits_per_byte": {"value": generator.bits_per_byte(test.documents[:2]), "low": 0.0, "high": 9.0}}
    return {
        "task": "generation", "metric": "bits_per_byte", "n_train": len(train), "n_test": len(test),
        "model": {"name": type(generator).__name__, **entry}, "baselines": [{"name": "5-gram Kneser-Ney", **entry}],
        "difference": {"against": "5-gram Kneser-Ney"}, "verdict": {"kind": "learned", "message": {"template": "Learned.", "values": {}}},
    }


for name, asked, function in (("pictures", "evaluate", evaluate), ("proof", "prove", prove), ("generation", "evaluate", write)):
    module = types.ModuleType(f"bmcore.evaluate.{name}")
    setattr(module, asked, function)
    sys.modules[module.__name__] = module
