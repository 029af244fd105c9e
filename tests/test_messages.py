"""The catalogues are whole: every text translated, with the same fields, and compiled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bmcore import i18n
from bmcore.messages import Message

ROOT = Path(__file__).resolve().parents[1]


def test_check_passes():
    done = subprocess.run([sys.executable, "tools/messages.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_check_finds_other_fields_and_empty_texts():
    sys.path.insert(0, str(ROOT / "tools"))
    import messages

    catalog = messages.empty("zh_CN")
    catalog.add("{n} rows", "{m} 行")
    catalog.add("Nothing", "")
    assert [line.split(": ")[1].split(" in ")[0] for line in messages.faults(catalog)] == ["other fields", "not translated"]


def test_two_languages_in_one_process():
    message = Message("{n} min ago", n=3)
    assert [i18n.translate(message, language) for language in ("en", "zh", "en")] == ["3 min ago", "3 分钟前", "3 min ago"]


def test_locale_tags():
    assert [i18n.pick(tag) for tag in ("zh-CN", "zh_TW.UTF-8", "en-GB", "fr", "", None)] == ["zh", "zh", "en", "en", "en", "en"]


def test_the_compiled_file_is_old_when_a_text_differs_and_not_when_babel_does(tmp_path, monkeypatch):
    sys.path.insert(0, str(ROOT / "tools"))
    import messages

    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "LOCALE", tmp_path)
    found = messages.Catalog()
    found.add("rows")
    messages.write("zh_CN", found)
    po, mo = messages.po_file("zh_CN"), messages.po_file("zh_CN").with_suffix(".mo")
    po.write_text(po.read_text("utf-8").replace('msgid "rows"\nmsgstr ""', 'msgid "rows"\nmsgstr "行"'), "utf-8")
    assert len(messages.check("zh_CN", found)) == 1  # translated, not yet compiled
    messages.write("zh_CN", found)
    assert messages.check("zh_CN", found) == []
    mo.write_bytes(mo.read_bytes().replace(b"Generated-By: Babel 2", b"Generated-By: Babel 9"))
    assert messages.check("zh_CN", found) == []
    mo.write_bytes(mo.read_bytes().replace("行".encode(), "列".encode()))
    assert len(messages.check("zh_CN", found)) == 1
