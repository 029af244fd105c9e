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
