"""The catalogues: collect every text, update the translations, compile them. `--check` only looks.

python tools/messages.py            collect into bmcore/locale, then translate what is empty in zh_CN.po, then run it again
python tools/messages.py --check    fails when a text is missing, empty, fuzzy, has other {fields}, or the .mo is old
"""

from __future__ import annotations

import argparse
import ast
import datetime
import io
import string
import sys
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "bmcore" / "locale"
LANGUAGES = ("zh_CN",)
COMMENT = "Made by tools/messages.py."
WHEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def keywords() -> set[str]:
    """What a text is given to: `_`, the message classes, and every error class."""
    tree = ast.parse((ROOT / "bmcore" / "errors.py").read_text("utf-8"))
    errors = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    return {"_", "Message", "Label", "Doc", *errors}


def sources() -> list[Path]:
    found = [*(ROOT / "bmcore").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
    return sorted(path for path in found if "locale" not in path.parts)


def collect() -> Catalog:
    """Every text of the tree. Read from the syntax tree, because Babel's reader does not look into f-strings."""
    catalog, names = Catalog(fuzzy=False), keywords()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and called(node) in names and node.args:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value:
                    catalog.add(text.value, locations=[(path.relative_to(ROOT).as_posix(), 0)])
                elif isinstance(text, ast.JoinedStr | ast.BinOp):
                    raise SystemExit(
                        f"{path.relative_to(ROOT)}:{text.lineno}: a text must be one literal, without f or +, to be found and translated."
                    )
    return catalog


def called(node: ast.Call) -> str:
    """The name of what is called: `_` of `_("...")`, `Message` of `messages.Message("...")`."""
    return getattr(node.func, "id", None) or getattr(node.func, "attr", "")


def po_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "bmcore.po"


def stored(language: str) -> Catalog:
    path = po_file(language)
    if not path.exists():
        return empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def empty(language: str) -> Catalog:
    """A catalogue with a fixed header: dates in it would change the files at every run."""
    return Catalog(
        locale=language,
        project="bmcore",
        version="1",
        charset="utf-8",
        fuzzy=False,
        header_comment=f"# {COMMENT}",
        creation_date=WHEN,
        revision_date=WHEN,
        msgid_bugs_address="-",
        last_translator="-",
        language_team="-",
    )


def updated(language: str, found: Catalog) -> Catalog:
    """The stored translations with exactly the texts of the tree: no guesses, no left-overs."""
    old, new = stored(language), empty(language)
    for message in found:
        if message.id:
            known = old.get(message.id)
            new.add(message.id, known.string if known and not known.fuzzy else "", locations=sorted(set(message.locations)))
    return new


def fields(text: str) -> set[tuple]:
    """The {fields} of a text with their conversions and formats."""
    return {(name, conversion, spec) for _literal, name, spec, conversion in string.Formatter().parse(text) if name is not None}


def faults(catalog: Catalog) -> list[str]:
    """What stands against a catalogue."""
    found = []
    for message in catalog:
        if not message.id:
            continue
        where = message.locations[0][0] if message.locations else "?"
        if not message.string:
            found.append(f"{where}: not translated: {message.id!r}")
        elif message.fuzzy:
            found.append(f"{where}: fuzzy: {message.id!r}")
        elif {entry[0] for entry in fields(message.id)} != {entry[0] for entry in fields(message.string)}:
            found.append(f"{where}: other fields in {message.string!r} than in {message.id!r}")
    return found


def compiled(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def texts(compiled: io.BytesIO) -> dict[str, str]:
    """What a compiled catalogue says, without its header: that names the version of Babel, which may be another one than ours."""
    return {message.id: message.string for message in read_mo(compiled) if message.id}


def check(language: str, found: Catalog) -> list[str]:
    """Faults of what is stored, against the tree as it is."""
    catalog, old = updated(language, found), stored(language)
    wrong = faults(catalog)
    extra = {message.id for message in old if message.id} - {message.id for message in catalog if message.id}
    wrong += [f"no longer in the tree: {text!r}" for text in sorted(extra)]
    mo = po_file(language).with_suffix(".mo")
    if not wrong and (not mo.exists() or texts(io.BytesIO(mo.read_bytes())) != texts(io.BytesIO(compiled(catalog)))):
        wrong.append(f"{mo.relative_to(ROOT)} is old: run python tools/messages.py")
    return wrong


def write(language: str, found: Catalog) -> list[str]:
    catalog = updated(language, found)
    path = po_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=0, omit_header=False, sort_output=True)
    path.with_suffix(".mo").write_bytes(compiled(catalog))
    return faults(catalog)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, fail when something is wrong")
    args = parser.parse_args()
    found = collect()
    wrong = [line for language in LANGUAGES for line in (check if args.check else write)(language, found)]
    print("\n".join(wrong) or f"{sum(1 for message in found if message.id)} texts, all translated.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
