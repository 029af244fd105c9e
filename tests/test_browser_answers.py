"""In a real browser: past questions and answers of an own table, a question, its answers, and a draft by a model that writes."""

from __future__ import annotations

import re

import pytest

from tests.watched import Watched, expect, left_tidy
from tools.browser import server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]  # each wait inside has its own, shorter, end
TABLE = "question,answer\n" + "".join(
    f"{way} the {thing}?,Your {thing} is in the {place}.\n"
    for thing, place in (("lamp", "cellar"), ("chair", "attic"), ("table", "yard"), ("shelf", "hall"), ("desk", "garage"), ("sofa", "shed"))
    for way in ("Where is", "Where can I find", "I am looking for", "Who has seen", "In which place is")
)


def test_journey(chromium, home, tmp_path):
    """An own table -> how well answers are found -> a question -> its answer first -> a draft from it, streamed."""
    import bmcore

    mine = tmp_path / "answers.csv"
    mine.write_text(TABLE)
    with left_tidy(home), server(home, tmp_path / "log.txt") as (url, _process):
        voice = tmp_path / "voice.txt"
        said = (f"Question: {line.replace(',', chr(10) + 'Answer: ')} Look there first, please." for line in TABLE.splitlines()[1:])
        voice.write_text("\n---\n".join(said))
        writer = bmcore.train("TextGenerator", data=str(voice), size="nano", minutes=0.03)
        assert writer.state == "done", (writer.reason, writer.log_tail())
        watched = Watched(chromium, url, viewport={"width": 1360, "height": 4200})
        page = watched.open("/customer_service")
        page.get_by_role("button", name="Answer drafts").click()
        page.get_by_role("radiogroup", name="Past questions and answers").get_by_role("radio", name="My table").click()
        upload = page.get_by_role("region", name=re.compile("A table with one question and its answer a row"))
        upload.locator("input[type=file]").set_input_files(mine)
        page.get_by_role("button", name="Remember these answers and test the search").click()
        expect(page).to_have_url(re.compile("drafts="), timeout=60_000)
        expect(page.get_by_role("heading", name="Ask a question")).to_be_visible(timeout=180_000)
        page.get_by_role("textbox", name="A question from a customer").fill("Can you tell me where the sofa is?")
        page.get_by_role("button", name="Find answers").click()
        first = page.get_by_role("paragraph").filter(has_text="1 · Your sofa is in the shed.")
        expect(first).to_be_visible(timeout=120_000)
        page.get_by_role("button", name="Write a draft").click()
        written = page.get_by_role("textbox", name="The draft: change it before you use it")
        expect(written.or_(page.get_by_text("The model wrote nothing."))).to_be_visible(timeout=120_000)
        watched.settled()
        watched.close()
