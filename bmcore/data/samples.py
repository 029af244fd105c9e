"""Built-in data sets, each with its source and licence. Three come with an installed package, the others are fetched once.

frame = bmcore.load_sample("clothing_reviews")
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bmcore import assets
from bmcore.data import tables
from bmcore.data.sample_list import SAMPLES, Sample
from bmcore.errors import AssetError, DataError

if TYPE_CHECKING:
    import pandas as pd

    from bmcore.data.pictures import Pictures
    from bmcore.data.texts import Texts

__all__ = ["SAMPLES", "Sample", "fetch", "load_sample", "present", "sample"]


def sample(name: str) -> Sample:
    """The description of a sample.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    if name not in SAMPLES:
        raise DataError("There is no sample {name!r}. There are: {known}.", name=str(name)[:80], known=", ".join(SAMPLES))
    return SAMPLES[name]


def present(name: str) -> bool:
    """True if the sample can be loaded without a download."""
    return assets.present(name) if sample(name).size_bytes else _installed(name) is not None


def fetch(name: str, report: Callable | None = None) -> Path:
    """Make a sample present and give the folder it lies in.

    Raises
    ------
    AssetError
        If it cannot be fetched; the message says what to do.
    """
    if sample(name).size_bytes:
        return assets.fetch(name, report)
    found = _installed(name)
    if found is None:
        package = "scikit-learn" if sample(name).kind == "pictures" else "chatterbot-corpus"
        raise AssetError(
            "The package {package}, which holds {name}, is not installed. Run: pip install {package}", package=package, name=name
        )
    return found


def load_sample(name: str) -> pd.DataFrame | Pictures | Texts:
    """A built-in data set, a table, pictures or texts; it is fetched first if it is not here.

    Use it when you want real data at once.

    Parameters
    ----------
    name : str
        A name in `SAMPLES`.

    Returns
    -------
    pandas.DataFrame, Pictures or Texts
        A table with the columns that `SAMPLES[name].columns` lists, in that order; `Pictures` or `Texts` where `SAMPLES[name].kind`
        says so.

    Raises
    ------
    DataError
        If there is no such sample.
    AssetError
        If it has to be fetched and cannot be.

    Notes
    -----
    Under 0.5 s once present.

    Examples
    --------
    >>> load_sample("dialogues_en").columns.to_list()
    ['text', 'answer', 'category']
    >>> load_sample("digits_8x8").images.shape
    (1797, 8, 8)
    """
    found = fetch(name)
    if sample(name).kind == "pictures":
        from bmcore.data import picture_samples

        return getattr(picture_samples, name)(found)
    if sample(name).kind == "texts":
        from bmcore.data import texts_samples

        return getattr(texts_samples, name)()
    frame = _dialogues(found, name) if not sample(name).size_bytes else getattr(tables, name)()
    return frame[list(sample(name).columns)].reset_index(drop=True)


# in these files each line answers the one before it; in all others the first is the question and the rest are its answers
_TURNS = {"conversations", "health", "sports"}
# here, question and answer alternate
_ALTERNATE = {"gossip", "literature"}


def _installed(name: str) -> Path | None:
    """The folder of a sample that comes with an installed package."""
    if sample(name).kind == "table":
        return _corpus()
    spec = importlib.util.find_spec("sklearn")  # found without importing it
    data = Path(spec.origin).parent / "datasets" / "data" if spec and spec.origin else None
    return data if data and (data / "digits.csv.gz").is_file() else None


def _corpus() -> Path | None:
    """The data folder of chatterbot-corpus, found without importing it."""
    spec = importlib.util.find_spec("chatterbot_corpus")
    data = Path(spec.origin).parent / "data" if spec and spec.origin else None
    return data if data and data.is_dir() else None


def _dialogues(corpus: Path, name: str) -> pd.DataFrame:
    import pandas as pd
    import yaml

    safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows = []
    for file in sorted((corpus / {"en": "english", "zh": "chinese"}[sample(name).language]).glob("*.yml")):
        for talk in safe(file.read_bytes()).get_single_data()["conversations"]:
            talk = [" ".join(str(line).split()) for line in talk]
            rows += [(question, answer, file.stem.replace("_", " ")) for question, answer in _pairs(file.stem, talk)]
    frame = pd.DataFrame(rows, columns=["text", "answer", "category"])
    return frame[(frame["text"] != "") & (frame["answer"] != "")].drop_duplicates()


def _pairs(topic: str, talk: list[str]) -> list[tuple[str, str]]:
    """Question-answer pairs of one conversation."""
    if all(len(line) <= 1 for line in talk):  # one was taken apart into letters
        return []
    if topic in _TURNS:
        return list(pairwise(talk))
    if topic in _ALTERNATE and len(talk) % 2 == 0:
        return list(zip(talk[::2], talk[1::2], strict=True))
    return [(talk[0], answer) for answer in talk[1:]]
