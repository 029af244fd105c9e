"""Pictures of the pages, for the README and for looking at them: `python tools/pictures.py`.

Trains for real in a home folder of its own (or takes the newest finished runs of `--home FOLDER`): customer service with the fast
preset, customer segments, product recommendations, pictures of digits and drafts of reviews. Starts another run, opens each page in
Debian's chromium and writes docs/pictures/*.png: no figure in them is made up.
`--hand-made --to FOLDER` shows made-up runs in every state, for looking only. `--to FOLDER --url URL` looks at a running server.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import browser

ROOT = Path(__file__).resolve().parents[1]


def shoot(page, url: str, file: Path, longest: int = 4000) -> None:
    """One whole page, once nothing on it moves any more."""
    page.goto(url, wait_until="domcontentloaded")
    page.wait_for_selector('[data-testid="stMain"] h1', timeout=60_000)
    page.wait_for_timeout(900)
    page.wait_for_function("() => !document.querySelector('[data-testid=stSpinner]')", timeout=60_000)
    for _ in range(3):
        page.wait_for_timeout(900)
        height = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": page.viewport_size["width"], "height": min(max(height, 700), longest)})
    page.screenshot(path=file)
    wide = page.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]'); return main.scrollWidth - main.clientWidth }"
    )
    print(file, "scrolls sideways!" if wide > 1 else "")


def pages(url: str, to: Path, paths: dict[str, str], looks: list[str]) -> None:
    """Every page in every look; a look is words such as "zh dark phone"."""
    with browser.chromium() as opened:
        for look in looks:
            words = look.split()
            size = {"width": 390 if "phone" in words else 1280, "height": 900}
            for name, path in paths.items():
                context = opened.new_context(viewport=size, color_scheme="dark" if "dark" in words else "light")
                link = f"{url}{path}{'&' if '?' in path else '?'}lang={'zh' if 'zh' in words else 'en'}"
                shoot(context.new_page(), link, to / f"{'-'.join([name, *words])}.png")
                context.close()


def trained(home: Path) -> dict[str, str]:
    """Ids of finished runs and of one that has just begun to learn, all real."""
    os.environ["BMCORE_HOME"] = str(home)
    from bmcore import runs

    messages = {"sample": "clothing_reviews", "text": "text", "label": "department", "preset": "fast"}
    purchases = {"sample": "cdnow", "prepare": "purchases", "n_clusters": 4}
    ids = {
        "done": _newest("TextClassifier") or runs.train("TextClassifier", **messages).id,
        "segments": _newest("KMeans") or runs.train("KMeans", **purchases).id,
        "products": _newest("AutoRecommender") or runs.train("AutoRecommender", sample="movielens_100k").id,
        "studio": _newest("Diffusion") or runs.train("Diffusion", sample="digits_28x28", minutes=2.0).id,
        "write": _newest("TextGenerator") or runs.train("TextGenerator", sample="clothing_reviews", minutes=2.0).id,
    }
    running = runs.train("TextClassifier", **messages, detach=True)
    while running.state in ("queued", "running") and running.progress.get("phase") != "train":
        time.sleep(1)
    return {**ids, "running": running.id}


def _newest(estimator: str) -> str | None:
    from bmcore import runs

    return next((run.id for run in runs.list_runs() if run.state == "done" and run.spec["estimator"] == estimator), None)


def picture_all(home: Path, to: Path, looks: list[str], *, hand_made: bool) -> None:
    """A server on that home folder, and each of its pages."""
    if hand_made:
        import make_run

        ids = make_run.every_state(home)
    else:
        ids = trained(home)
    try:
        with browser.server(home, Path(os.devnull)) as (url, _process):
            paths = {state: f"/customer_service?run={ids[state]}" for state in ("running", "done")}
            if "segments" in ids:
                paths["segments"] = f"/customer_segments?run={ids['segments']}"
                paths["products"] = f"/product_recommendations?run={ids['products']}"
                paths["studio"] = f"/image_studio?run={ids['studio']}"
                paths["write"] = f"/write_like_us?run={ids['write']}"
            pages(url, to, paths | {"home": "/", "runs": "/runs", "new": "/customer_service", "lab": "/lab_clusters"}, looks)
    finally:
        if not hand_made:
            from bmcore import runs

            runs.cancel(ids["running"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--url")
    parser.add_argument("--home", type=Path, help="a home folder with a finished run of customer service")
    parser.add_argument("--hand-made", action="store_true")
    parser.add_argument("--paths", nargs="*", help="name=/path?query")
    parser.add_argument("--looks", nargs="*", default=["", "zh"])
    args = parser.parse_args()
    args.to.mkdir(parents=True, exist_ok=True)
    if args.url:
        pages(args.url, args.to, dict(entry.split("=", 1) for entry in args.paths), args.looks)
        return
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ui")]
    with tempfile.TemporaryDirectory() as made:
        picture_all(args.home or Path(made), args.to, args.looks, hand_made=args.hand_made)


if __name__ == "__main__":
    main()
