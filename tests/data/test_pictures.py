"""Pictures from outside: what comes in as it was meant, and what is refused before it costs anything."""

import io
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

import bmcore
from bmcore.data import picture_archive, picture_files, picture_names, picture_read, refs
from bmcore.data.pictures import Pictures, load_pictures, split_pictures, store_archive
from bmcore.errors import BmcoreError, DataError

random = np.random.default_rng(0)


def noise(h=12, w=12, c=3):
    return random.integers(0, 256, (h, w, c) if c > 1 else (h, w), dtype=np.uint8)


def saved(pixels, kind="PNG", **options):
    out = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(out, kind, **options)
    return out.getvalue()


def zipped(entries, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def pair(extra=()):
    return [("a/1.png", saved(noise())), ("b/2.png", saved(noise())), *extra]


def text(notes):
    return " ".join(map(str, notes))


# ---- samples


@pytest.mark.parametrize(
    ("name", "shape", "n_classes"),
    [("digits_8x8", (1797, 8, 8), 10), ("digits_28x28", (5000, 28, 28), 10), ("photos", (1358, 32, 32, 3), 6)],
)
def test_samples(name, shape, n_classes):
    from bmcore.data.samples import SAMPLES

    pictures = bmcore.load_sample(name)
    assert pictures.images.shape == shape and pictures.images.dtype == np.uint8 and pictures.images.max() == 255
    assert len(pictures.classes) == n_classes and len(pictures.names) == len(pictures) == SAMPLES[name].rows
    assert refs.is_pictures(refs.sample(name))
    with pytest.raises(DataError, match="not a table"):
        refs.load(refs.sample(name))


def test_resized_sample():
    pictures = load_pictures(refs.sample("digits_8x8"), size=16)
    assert pictures.images.shape == (1797, 16, 16) and pictures.own_size == (8, 8)
    with pytest.raises(DataError, match="is a table"):
        load_pictures(refs.sample("dialogues_en"))


# ---- split


def test_split_keeps_copies_together_and_classes_apart():
    images = np.concatenate([random.integers(0, 256, (80, 8, 8), dtype=np.uint8)] * 2)
    pictures = Pictures(images, np.tile(np.repeat(["a", "b", "c", "d"], 20), 2), [str(n) for n in range(160)])
    train, test = split_pictures(pictures, test=0.2, seed=3)
    assert sorted([*train, *test]) == list(range(160))
    assert set(pictures.take(test).classes.values()) == {8}
    assert not {image.tobytes() for image in images[train]} & {image.tobytes() for image in images[test]}
    assert np.array_equal(test, split_pictures(pictures, test=0.2, seed=3)[1])
    assert not np.array_equal(test, split_pictures(pictures, test=0.2, seed=4)[1])
    with pytest.raises(DataError, match="differ"):
        split_pictures(Pictures(np.zeros((4, 8, 8), np.uint8), None, list("abcd")))


# ---- what comes in


def test_archive_with_classes(home):
    ref = store_archive(zipped([*pair(), ("b/notes.txt", b"x"), ("__MACOSX/a/._1.png", b"x"), ("a/bad.png", b"some text")]), "mine.zip")
    assert ref["name"] == "mine.zip" and (home / "data" / ref["stored"]).stat().st_size == ref["bytes"]
    pictures = load_pictures(ref)
    assert pictures.images.shape == (2, 12, 12, 3) and pictures.labels.tolist() == ["a", "b"] and pictures.own_size == (12, 12)
    assert "b/notes.txt" in text(pictures.notes) and "a/bad.png is no picture" in text(pictures.notes)
    assert "fewer than 20" in text(pictures.notes)
    with pytest.raises(DataError, match="not a table"):
        refs.load(ref)
    with pytest.raises(DataError, match="is a table"):
        load_pictures(refs.store(b"a,b\n1,2\n", "a.csv"))


def test_folder_is_packed_without_links(tmp_path, home):
    for name, content in pair():
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(content)
    (tmp_path / "secret.png").write_bytes(saved(noise()))
    (tmp_path / "pets" / "a" / "link.png").symlink_to(tmp_path / "secret.png")
    ref = store_archive(tmp_path / "pets")
    assert ref == store_archive(tmp_path / "pets") and ref["name"] == "pets"
    assert load_pictures(ref).names == ["a/1.png", "b/2.png"]
    assert len(list((home / "data").iterdir())) == 1


def test_metadata_of_an_image_folder():
    table = b"file_name,label\n1.png,cat\n2.png,dog\n"
    ref = store_archive([("train/1.png", saved(noise())), ("train/2.png", saved(noise())), ("train/metadata.csv", table)], "x")
    assert load_pictures(ref).labels.tolist() == ["cat", "dog"]


def test_metadata_with_a_blank_label_and_a_path():
    table = b"file_name,label\n./1.png,1\n2.png,0\n3.png,\n"
    files = [(f"{n}.png", saved(noise())) for n in (1, 2, 3)]
    assert load_pictures(store_archive([*files, ("metadata.csv", table)], "x")).labels.tolist() == ["1", "0", "other"]


def labels_of(*names):
    """The classes of pictures of these names, and what is said of them."""
    pictures = load_pictures(store_archive([(name, saved(noise())) for name in names], "x"))
    return list(pictures.labels) if pictures.labels is not None else None, text(pictures.notes)


def test_classes_come_from_the_last_folder_at_which_they_differ():
    alike = "scratches on the outer ring of the bearing, seen from the left side, "
    assert labels_of(f"{alike}deep/1.png", f"{alike}shallow/2.png")[0] == [f"{alike}deep", f"{alike}shallow"]
    assert labels_of("cats/2023/1.png", "dogs/2023/2.png")[0] == ["cats", "dogs"]
    assert labels_of("train/cat/1.png", "train/dog/2.png", "test/cat/3.png")[0] == ["cat", "cat", "dog"]
    labels, notes = labels_of("cats/2023/1.png", "cats/2024/2.png", "dogs/2023/3.png")
    assert labels == ["2023", "2024", "2023"] and "cats/2023 and dogs/2023 are one class" in notes
    assert "one class" not in labels_of("train/cat/1.png", "train/dog/2.png", "test/cat/3.png")[1]
    assert labels_of("a/1.png", "a/2.png")[0] is None


def test_a_motion_photo_and_a_second_frame_are_one_picture():
    photo = saved(noise(64, 64), "JPEG", quality=90, progressive=True)
    film = np.random.default_rng(0).integers(0, 256, 20_000_000, dtype=np.uint8).tobytes()
    assert film.count(b"\xff\xda") > 200
    np.testing.assert_array_equal(picture_files.read_picture(photo + film, "m.jpg"), picture_files.read_picture(photo, "m.jpg"))
    first, second = Image.fromarray(noise(32, 32)), Image.fromarray(noise(32, 32))
    file = io.BytesIO()
    first.save(file, "MPO", save_all=True, append_images=[second])
    assert picture_files.read_picture(file.getvalue(), "two.jpg").shape == (32, 32, 3)


@pytest.mark.parametrize(("most", "shift"), [(255, 0), (4095, 4), (65535, 8)])
def test_greys_of_more_than_eight_bits(most, shift):
    pixels = np.linspace(0, most, 256).round().astype(np.uint16).reshape(16, 16)
    np.testing.assert_array_equal(picture_files.read_picture(saved(pixels), "x.png"), (pixels >> shift).astype(np.uint8))


def test_hub_parquet(tmp_path, monkeypatch):
    import pyarrow as pa
    from pyarrow import parquet

    from bmcore.data import hub

    rows = [{"bytes": saved(noise(8, 8, 1)), "path": f"{n}.png"} for n in range(4)]
    features = b'{"info":{"features":{"image":{"_type":"Image"},"label":{"_type":"ClassLabel","names":["cat","dog"]}}}}'
    table = pa.table({"image": rows, "label": [0, 1, 1, 0]}).replace_schema_metadata({b"huggingface": features})
    parquet.write_table(table, tmp_path / "train.parquet")
    monkeypatch.setattr(hub, "fetched", lambda ref, most: [str(tmp_path / "train.parquet")])
    pictures = load_pictures({"kind": "hub", "id": "some/pictures"})
    assert pictures.images.shape == (4, 8, 8) and pictures.labels.tolist() == ["cat", "dog", "dog", "cat"]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_mode(mode):
    pixels = Image.fromarray((noise(10, 10, 1).astype(np.uint16) << 8) if mode == "I;16" else noise(10, 10, 3))
    image = pixels if mode == "I;16" else pixels.convert(mode)
    found = picture_files.read_picture(saved(image, "JPEG" if mode == "CMYK" else "PNG"), "x", size=8)
    assert found.dtype == np.uint8 and found.shape == ((8, 8) if mode in ("1", "L", "LA", "I;16") else (8, 8, 3))


def test_transparent_is_white_and_grey_is_grey():
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert (picture_files.read_picture(saved(clear), "x") == 255).all()
    assert picture_files.read_picture(saved(np.repeat(noise(8, 8, 1)[..., None], 3, 2)), "x").ndim == 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns(orientation):
    from PIL import ImageOps

    image = Image.fromarray(np.kron(noise(2, 2, 1), np.ones((8, 8), np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(image, "JPEG", exif=exif, quality=95)
    wanted = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    assert np.array_equal(picture_files.read_picture(content, "x"), wanted)


def test_broken_exif_hides_no_picture(capfd):
    content = saved(noise(16, 16), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0" * 9)
    assert picture_files.read_picture(content, "x").shape == (16, 16, 3)
    assert capfd.readouterr().err == ""


# ---- what is refused


def png_of(width, height):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def frames(kind):
    first, *others = [Image.fromarray(noise(8, 8)) for _ in range(5)]
    return saved(first, kind, save_all=True, append_images=others)


BAD = {
    "huge png": lambda: png_of(30_000, 30_000),
    "packed png": lambda: saved(np.zeros((5000, 5000, 3), np.uint8)),
    "svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'></svg>",
    "text": lambda: b"this is no picture",
    "nothing": lambda: b"",
    "gif": lambda: frames("GIF"),
    "apng": lambda: frames("PNG"),
    "webp frames": lambda: frames("WEBP"),
    "bmp": lambda: saved(noise(), "BMP"),
    "cut jpeg": lambda: saved(noise(90, 90), "JPEG")[:600],
    "cut png": lambda: saved(noise(90, 90))[:2000],
    "webp canvas": lambda: b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xfe\x3f\0" * 2,
    "scans": lambda: saved(noise(16, 16), "JPEG")[:-2] + b"\xff\xda\0\x02" * 100,
    "tiny": lambda: saved(noise(2, 2)),
    "two sizes": lambda: png_of(20, 20)[:33] + png_of(30_000, 30_000)[8:],
}


@pytest.mark.parametrize("kind", list(BAD))
def test_bad_pictures_are_listed_and_left_out(kind, monkeypatch, capfd):
    content = BAD[kind]()
    with pytest.raises(DataError):
        picture_files.read_picture(content, "x.png", size=8)
    pictures = load_pictures(store_archive([*pair(), ("a/bad\u202e\n.png", content)], "x.zip"))
    assert len(pictures) == 2 and "left out: a/bad.png" in text(pictures.notes)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["huge png", "packed png", "apng", "webp frames", "webp canvas", "scans"])
def test_costly_pictures_are_never_opened(kind, monkeypatch):
    content = BAD[kind]()
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(DataError):
        picture_files.read_picture(content, "x", size=8)


def with_entry(**changes):
    info = zipfile.ZipInfo(changes.pop("name", "a/3.png"))
    for name, value in changes.items():
        setattr(info, name, value)
    return zipped(pair([(info, b"x" * 50)]))


def doctored(old, new):
    content = with_entry()
    assert old in content
    return content.replace(old, new)


def encrypted():
    content = bytearray(with_entry())
    place = content.rfind(b"PK\x01\x02")
    content[place + 8] |= 1
    return bytes(content)


def double():
    with pytest.warns(UserWarning):
        return zipped(pair([("a/1.png", b"x")]))


def many(n):
    return zipped([(f"{row}.png", b"") for row in range(n)], zipfile.ZIP_STORED)


def lying_directory():
    content = bytearray(zipped(pair()))
    struct.pack_into("<I", content, len(content) - 10, 2**31)
    return bytes(content)


HOSTILE = {
    "bomb": (lambda: zipped(pair([("0.png", bytes(20 * 2**20))])), "times its size"),
    "nested": (lambda: with_entry(name="a/more.zip"), "another archive"),
    "link": (lambda: with_entry(external_attr=0o120777 << 16), "a link"),
    "up": (lambda: with_entry(name="../3.png"), "leads out"),
    "up on windows": (lambda: with_entry(name="a\\..\\3.png"), "leads out"),
    "absolute": (lambda: with_entry(name="/etc/3.png"), "leads out"),
    "drive": (lambda: with_entry(name="C:/3.png"), "leads out"),
    "zero": (lambda: doctored(b"a/3.png", b"a/3\0png"), "leads out"),
    "double": (double, "twice"),
    "encrypted": (encrypted, "encrypted"),
    "lzma": (lambda: zipped(pair(), zipfile.ZIP_LZMA), "unusual"),
    "directory": (lying_directory, "cut or damaged"),
    "cut": (lambda: zipped(pair())[:-30], "cut or damaged"),
    "png": (lambda: saved(noise()) + zipped(pair()), "no zip"),
    "empty": (lambda: b"", "is empty"),
}


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_hostile_archives(kind, home, monkeypatch):
    made, words = HOSTILE[kind]
    content = made()
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_, **__: pytest.fail("unpacked"))
    with pytest.raises(DataError, match=words):
        store_archive(content, "x.zip")
    assert not [*(home / "data").iterdir()] if (home / "data").exists() else True


def test_caps(monkeypatch):
    monkeypatch.setattr(picture_archive, "MAX_FILES", 10)
    with pytest.raises(DataError, match="11 files"):
        store_archive(many(11), "x.zip")
    monkeypatch.setattr(picture_read, "MAX_ALL_PIXELS", 200)
    with pytest.raises(DataError, match="million pixels"):
        load_pictures(store_archive(pair(), "x"))
    monkeypatch.setattr(picture_archive, "MAX_UNPACKED", 3000)
    with pytest.raises(DataError, match="MB"):
        store_archive(zipped([("a.png", bytes(4000))]), "x.zip")


def test_memory_stays_flat():
    """A bomb, a huge picture and a long table of contents in a process that may have 300 MB more than it begins with."""
    code = (
        "import resource, sys\n"
        "sys.path.insert(0, 'tests/data')\n"
        "import test_pictures as t, numpy, PIL.PngImagePlugin, pandas\n"
        "bad = [t.png_of(30_000, 30_000), t.BAD['webp canvas'](), t.zipped([('0.png', bytes(60 * 2**20))]), t.many(60_000)]\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for content in bad:\n"
        "    try: t.load_pictures(t.store_archive([*t.pair(), ('3.png', content)] if content[:2] != b'PK' else content, 'x.zip'))\n"
        "    except t.BmcoreError: pass\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100 and done.stderr == ""


@pytest.mark.parametrize(
    "ref",
    [{}, None, {"kind": "file"}, {"kind": "file", "stored": "../x.zip"}, {"kind": "file", "stored": "0" * 64 + ".zip"}, {"kind": "hub"}],
)
def test_damaged_references(ref):
    with pytest.raises(DataError):
        load_pictures(ref)


def test_changed_archive(home):
    ref = store_archive(pair(), "x")
    place = home / "data" / ref["stored"]
    place.write_bytes(place.read_bytes() + b"x")
    with pytest.raises(DataError, match="has changed"):
        load_pictures(ref)


def test_fuzz():
    """Bytes turned at random: a sentence or pictures, never a traceback."""
    whole = zipped(pair([("a/3.jpg", saved(noise(), "JPEG")), ("b/4.webp", saved(noise(), "WEBP"))]))
    for _ in range(150):
        content = bytearray(whole)
        for place in random.integers(4, len(content), 6):
            content[place] = random.integers(256)
        try:
            assert len(load_pictures(store_archive(bytes(content), "x.zip"))) >= 2
        except BmcoreError as error:
            assert str(error)


# ---- what is said


def test_notes():
    big, same = saved(noise(100, 130)), saved(noise(90, 90))
    ref = store_archive([("a/1.png", big), ("a/2.png", same), ("a/3.png", same), ("b/4.png", saved(np.zeros((20, 80, 3), np.uint8))),
                         ("b/5.png", same)], "x")
    pictures = load_pictures(ref)
    said = text(pictures.notes)
    assert pictures.images.shape == (5, 64, 64, 3)
    for words in ("2 classes have fewer", "2 pictures are exact copies", "1 pictures are nearly empty", "very different sizes",
                  "1 pictures are enlarged", "more than one class", "twice as long"):
        assert words in said, said


def test_names():
    assert picture_names.shown("\u202ea\tb\x00" + "x" * 100).startswith("a b") and len(picture_names.shown("x" * 500)) == 60
    assert [picture_names.leads_out(name) for name in ("a/b.png", "a/../b", "~/b.png", "")] == [False, True, False, True]
    ref = store_archive(zipped([("猫/1.png", saved(noise())), ("狗/2.png", saved(noise()))]), "x.zip")
    assert set(load_pictures(ref).labels) == {"狗", "猫"}
    for name in ("小猫/1.png", "照片/狗.png"):
        for encoding in ("utf-8", "gb2312"):
            assert picture_names.decoded(name.encode(encoding).decode("cp437"), utf8=False) == name


# ---- the look of the pages


def test_look():
    from bmcore.ui import look

    found = look.request({"ref": refs.sample("digits_8x8"), "pictures": True})
    assert (found["n"], found["size"], found["problem"]) == (1797, [8, 8, 1], None)
    assert len(found["classes"]) == len(found["examples"]) == 10
    with pytest.raises(DataError, match="where the pictures come from"):
        look.request({"ref": {"kind": "other"}, "pictures": True})


def test_look_stays_small():
    import json

    from bmcore.ui import picture_look

    ref = store_archive([(f"{n % 7}/{n}.png", saved(noise(256, 256))) for n in range(63)], "x")
    found = picture_look.answer({"ref": ref, "pictures": True, "size": 256})
    assert found["size"] == [256, 256, 3] and len(json.dumps(found)) < 2**20
