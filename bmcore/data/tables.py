"""The built-in samples that are fetched, each read from the file in its package: one function a sample, of the same name."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

from bmcore import assets

if TYPE_CHECKING:
    import pandas as pd

# the file's own names, in order, in plain words
CREDIT_COLUMNS = (
    "checking account",
    "duration",
    "history",
    "purpose",
    "amount",
    "savings",
    "employed since",
    "instalment rate",
    "sex and status",
    "guarantors",
    "residence since",
    "property",
    "age",
    "other instalments",
    "housing",
    "credits here",
    "job",
    "dependants",
    "telephone",
    "foreign worker",
    "credit",
)
SHUTTLE_COLUMNS = (*(f"sensor {number}" for number in range(1, 10)), "state")


def clothing_reviews() -> pd.DataFrame:
    """Shoppers' messages with department, recommendation and rating."""
    import pandas as pd

    names = {
        "Review Text": "text",
        "Department Name": "department",
        "Recommended IND": "recommended",
        "Rating": "rating",
        "Age": "age",
        "Clothing ID": "item",
    }
    content = assets.read("clothing_reviews", "WomensClothingE-CommerceReviews.parquet.brotli")
    frame = pd.read_parquet(io.BytesIO(content), columns=list(names)).rename(columns=names)
    frame = frame[frame["text"].notna() & (frame["text"].str.strip() != "")]
    return frame.assign(recommended=frame["recommended"].map({1: "yes", 0: "no"}))


def movielens_100k() -> pd.DataFrame:
    """Ratings, each with its film's title and genres ("Comedy, Drama") and its person's age, gender and occupation."""
    import pandas as pd

    def part(name: str) -> pd.DataFrame:
        return pd.read_parquet(io.BytesIO(assets.read("movielens_100k", f"MovieLens100k_{name}.parquet.brotli")))

    films = part("items").rename(columns={"movie_title": "title"})
    genres = list(films.columns[films.columns.get_loc("unknown") + 1 :])
    marks = films[genres].to_numpy(dtype=bool)
    films["genres"] = [", ".join(name for name, mark in zip(genres, row, strict=True) if mark) for row in marks]
    ratings = part("data").rename(columns={"user_id": "user", "movie_id": "item"})
    ratings = ratings.merge(films[["movie_id", "title", "genres"]], left_on="item", right_on="movie_id", how="left")
    return ratings.merge(part("users"), left_on="user", right_on="user_id", how="left")


def chinese_reviews() -> pd.DataFrame:
    """Chinese reviews, positive or negative."""
    import pandas as pd

    parts = [
        pd.DataFrame({"text": assets.read("chinese_reviews", name).decode().split("\n"), "sentiment": sentiment})
        for name, sentiment in (("pos.txt", "positive"), ("neg.txt", "negative"))
    ]
    frame = pd.concat(parts)
    frame["text"] = frame["text"].str.strip()
    frame = frame[frame["text"] != ""].drop_duplicates()
    return frame.drop_duplicates("text", keep=False)


def cdnow() -> pd.DataFrame:
    """Purchases: customer, date as ISO text, quantity, money in dollars."""
    import pandas as pd

    names = ["customer", "date", "quantity", "money"]
    content = io.BytesIO(assets.read("cdnow", "CDNOW_master.txt"))
    frame = pd.read_csv(content, sep=r"\s+", header=0, names=names, dtype={"customer": str, "date": str})
    day = frame["date"].str
    return frame.assign(date=day[:4] + "-" + day[4:6] + "-" + day[6:])


def german_credit() -> pd.DataFrame:
    """Loan applications with `credit` good or bad."""
    import pandas as pd

    frame = pd.read_csv(io.BytesIO(assets.read("german_credit", "germancredit.csv")), keep_default_na=False)
    frame.columns = list(CREDIT_COLUMNS)
    return frame


def shuttle() -> pd.DataFrame:
    """Sensor readings with `state` normal or anomaly."""
    import pandas as pd

    frame = pd.read_csv(io.BytesIO(gzip.decompress(assets.read("shuttle", "shuttle.csv.gz"))))
    frame.columns = list(SHUTTLE_COLUMNS)
    return frame.assign(state=frame["state"].map({0: "normal", 1: "anomaly"}))
