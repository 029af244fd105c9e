"""From click to verdict: how long the presets take on clothing_reviews, against their limit and against the page's forecast.

    python benchmarks/presets.py [--presets fast balanced] [--home FOLDER]

A line a preset: seconds until the verdict is there, the limit, ours as a share of it, the forecast that the page shows before
the click, the larger of the two ratios forecast : reality (at most 1.5 is asked for), the seconds of each phase, the verdict.
Fetching the sample is not counted. Runs go to a home folder of their own, which is removed, or to `--home`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

LIMITS = {"fast": 120.0, "balanced": 720.0}
FORECAST_WITHIN = 1.5
TEXT, LABEL = "text", "department"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--presets", nargs="+", choices=list(LIMITS), default=list(LIMITS))
    options.add_argument("--home", help="keep the runs in this home folder, as for the pictures")
    options = options.parse_args()
    presets = options.presets
    with contextlib.nullcontext(options.home) if options.home else tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        if not os.environ.get("BMCORE_ASSETS"):  # a sample that is there already is not fetched again
            from bmcore import assets

            os.environ["BMCORE_ASSETS"] = str(assets.folder())
        os.environ["BMCORE_HOME"] = home
        from bmcore.data.samples import load_sample

        frame = load_sample("clothing_reviews")
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # `timeout` ends the run too, not only this script
        try:
            good = [measure(preset, frame) for preset in presets]
        finally:
            settle()
    return 0 if all(good) else 1


def settle(seconds: float = 40) -> None:
    """Wait for a run that was asked to stop before its home folder is removed."""
    from bmcore import runs

    until = time.monotonic() + seconds
    while any(run.state in ("queued", "running") for run in runs.list_runs()) and time.monotonic() < until:
        time.sleep(0.2)


def measure(preset: str, frame) -> bool:
    """Train once, print the line; True if it was quick enough and foretold well enough."""
    from bmcore import runs
    from bmcore.messages import Message

    expected = forecast(preset, frame)
    since = time.perf_counter()
    run = runs.train("TextClassifier", sample="clothing_reviews", text=TEXT, label=LABEL, preset=preset, report=lambda *_, **__: None)
    took = time.perf_counter() - since
    miss = max(took / expected, expected / took)
    print(f"{preset}: {took:.1f} s, limit {LIMITS[preset]:.0f} s, share {took / LIMITS[preset]:.2f}; "
          f"forecast {expected:.1f} s, off by {miss:.2f}x (at most {FORECAST_WITHIN})")
    print("  " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in phases(run).items()))
    print(f"  {Message.from_dict(run.evaluation['verdict']['message'])}")
    return took <= LIMITS[preset] and miss <= FORECAST_WITHIN


def forecast(preset: str, frame) -> float:
    """What the page shows beside the preset, by the page's own code."""
    from bmcore.data import check
    from bmcore.text.classifier import TextClassifier
    from bmcore.ui import look, train

    usable = check.usable(frame, TEXT, LABEL)
    chosen = SimpleNamespace(rows=len(usable), mean_tokens=look._mean_tokens(usable[TEXT]), classes=usable[LABEL].nunique())
    return train.seconds(TextClassifier, SimpleNamespace(key=preset, minutes=0), chosen)


def phases(run) -> dict[str, float]:
    """Seconds of each phase, from the run's events; the time before the first one is "start"."""
    spent: dict[str, float] = defaultdict(float)
    name, since = "start", run.created
    for event in run.events()[0]:
        if event["kind"] == "phase" or (event["kind"] == "state" and event["state"] == "done"):
            spent[name] += event["t"] - since
            name, since = event.get("phase", "end"), event["t"]
    return dict(spent)


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main())
