"""The pages that recommend, in every state of a run, by AppTest. Only the home folder, the launcher and the service are replaced."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_recommend import TITLES, Service, make_recommend_run  # noqa: E402
from make_run import STATES, make_run  # noqa: E402
from pagetest import button, open_page, words  # noqa: E402

from bmcore import i18n  # noqa: E402
from bmcore.ui import recommend_look  # noqa: E402
from bmcore.ui.scenario import PRODUCTS  # noqa: E402

PAGE = "product_recommendations"
HOSTILE = "<img src=x onerror=window.hit=1>[a](javascript:window.hit=1) ![x](http://foreign.example/x.png) $x$ :red[x] **b**"
SIGNS = {
    "queued": ("It is next: it starts as soon as the computer is free.", "It is about to start."),
    "running": ("Running for",),
    "failed": ("This training failed.",),
    "cancelled": ("This training was stopped.",),
    "lost": ("This training was interrupted.",),
    "done": ("Where it ends",),
}


@pytest.fixture
def launched(monkeypatch):
    """The process boundary: what would have been started is only noted."""
    found = []

    def popen(command, *args, **kwargs):
        if "exec" not in command:  # the process that looks into a table
            return real(command, *args, **kwargs)
        found.append(command)
        return real(["true"], stdin=subprocess.DEVNULL)

    real = subprocess.Popen
    from bmcore.runs import launch

    monkeypatch.setattr(launch.subprocess, "Popen", popen)
    return found


@pytest.fixture
def service(monkeypatch):
    """The process that serves a run."""
    from bmcore.serve import client

    made = Service()
    monkeypatch.setattr(client, "service", lambda name: made)
    monkeypatch.setattr(client, "alive", lambda name: True)
    return made


def spec_of(home: Path, at) -> dict:
    found = at.query_params["run"]
    return json.loads((home / "runs" / (found if isinstance(found, str) else found[0]) / "spec.json").read_text())


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
def test_state(home, state, lang):
    at = open_page(PAGE, lang, run=make_recommend_run(home, PAGE, state))
    assert not at.exception
    assert [title.value for title in at.title] == [i18n.translate(PRODUCTS.title, lang)]
    assert any(i18n.translate(sign, lang).rstrip(".") in words(at) for sign in SIGNS[state])
    keys = [element.key or "" for element in at.button]
    assert any(key.startswith("live.stop") for key in keys) == (state in ("queued", "running"))
    assert any(key.startswith("steps.resume") for key in keys) == (state in ("failed", "cancelled", "lost"))


def test_empty_lists_every_step_and_offers_the_sample():
    at = open_page(PAGE)
    assert not at.exception and not at.error
    for n in range(1, 6):
        assert f"{n} · " in words(at)
    assert "GroupLens" in words(at)
    assert not button(at, f"{PAGE}.start").disabled


@pytest.mark.parametrize("verdict", ["better", "not_proven", "worse"])
def test_verdicts_have_their_own_look(home, verdict):
    at = open_page(PAGE, run=make_recommend_run(home, PAGE, "done", verdict=verdict))
    boxes = {"better": at.success, "not_proven": at.warning, "worse": at.error}
    assert [len(found) for found in boxes.values()] == [int(name == verdict) for name in boxes]


def test_two_numbers_and_plain_words(home):
    at = open_page(PAGE, run=make_recommend_run(home, PAGE, "done"))
    assert [(metric.label, metric.value) for metric in at.metric] == [("EASE", "0.281"), ("ItemKNN", "0.236")]
    text = words(at)
    assert "shows **43 %** of the catalogue" in text and "(ItemKNN: 31 %)" in text
    assert "hold **29 %** of those that were really chosen; with shuffled descriptions it would be 12 %" in text
    assert "after 1998-03-12, of which it knew nothing" in text
    table = next(frame.value for frame in at.dataframe if "NDCG@10" in frame.value)
    assert list(table["Method"]) == ["EASE (ours)", "Popularity", "ItemKNN"]


def test_examples_mark_the_hits(home):
    at = open_page(PAGE, run=make_recommend_run(home, PAGE, "done"))
    assert ":material/check_circle: **" in words(at) and "were hits: they did buy it later" in words(at)


def test_nothing_is_asked_before_somebody_asks(home, service):
    open_page(PAGE, run=make_recommend_run(home, PAGE, "done"))
    assert service.asked == []


def test_a_basket_is_filled_by_clicking_and_changes_what_is_recommended(home, service):
    run_id = make_recommend_run(home, PAGE, "done")
    at = open_page(PAGE, run=run_id)
    chips = next(group for group in at.button_group if group.key == f"{PAGE}.chip:{run_id}")
    chips.set_value(103).run()
    assert not at.exception
    assert service.asked[-1] == ("recommend", {"histories": [[103]], "k": 10, "diversity": 0.0})
    first = [element.value for element in at.caption if "because they bought" in element.value]
    assert len(first) == 10 and TITLES[3].split(" (")[0] in first[0] and "60" in first[0]
    button(at, f"{PAGE}.list:{run_id}.take:1").click().run()
    basket = at.multiselect(key=f"{PAGE}.basket:{run_id}")
    assert basket.value == [103, 204]
    assert service.asked[-1][1]["histories"] == [[103, 204]]
    at.slider(key=f"{PAGE}.variety:{run_id}").set_value(40).run()
    assert service.asked[-1][1]["diversity"] == 0.4
    asked = len(service.asked)
    at.slider(key=f"{PAGE}.variety:{run_id}").set_value(0).run()
    assert len(service.asked) == asked, "the same question is answered from memory"
    at.button_group(key=f"{PAGE}.whom:{run_id}").set_value("known").run()
    at.button_group(key=f"{PAGE}.whom:{run_id}").set_value("basket").run()
    assert at.multiselect(key=f"{PAGE}.basket:{run_id}").value == [103, 204], "what is in the basket stays there"
    at.multiselect(key=f"{PAGE}.basket:{run_id}").set_value([]).run()
    assert not at.exception and "They change with everything you add" in words(at)


def test_a_customer_gets_recommendations_with_reasons(home, service):
    run_id = make_recommend_run(home, PAGE, "done")
    at = open_page(PAGE, run=run_id)
    at.button_group(key=f"{PAGE}.whom:{run_id}").set_value("known").run()
    box = at.selectbox(key=f"{PAGE}.customer:{run_id}")
    assert {"7", "20", "1", "40"} <= set(box.options)
    box.set_value("20").run()
    assert service.asked[-2:] == [("recommend", {"users": [20], "k": 10, "diversity": 0.0}), ("history", {"users": [20], "k": 12})]
    assert f"Had bought: {TITLES[0]}, {TITLES[3]}" in words(at) and "because they bought" in words(at)


def test_somebody_new_is_described_by_what_the_table_knows(home, service):
    run_id = make_recommend_run(home, PAGE, "done")
    at = open_page(PAGE, run=run_id)
    at.button_group(key=f"{PAGE}.whom:{run_id}").set_value("stranger").run()
    assert at.selectbox(key=f"{PAGE}.trait.gender:{run_id}").options == ["F", "M"]
    at.selectbox(key=f"{PAGE}.trait.gender:{run_id}").set_value("F").run()
    assert service.asked == []
    button(at, f"{PAGE}.ask_stranger").click().run()
    assert service.asked[-1] == ("recommend", {"histories": [[]], "like": {"gender": "F"}, "k": 10, "diversity": 0.0})
    assert "Popular with 583 others" in words(at)


def test_a_chosen_item_shows_what_is_most_like_it(home, service):
    run_id = make_recommend_run(home, PAGE, "done")
    at = open_page(PAGE, run=run_id)
    at.selectbox(key=f"recommend_map.chosen:{run_id}").set_value(5).run()
    assert service.asked[-1] == ("similar", {"items": [105], "k": 10})
    table = next(frame.value for frame in at.dataframe if "How alike" in frame.value)
    assert table["Product"].tolist()[0] == TITLES[6]


def test_groups_choose_the_rows_of_the_table(home):
    run_id = make_recommend_run(home, PAGE, "done")
    at = open_page(PAGE, run=run_id)
    at.button_group(key=f"recommend_map.only:{run_id}").set_value([0]).run()
    table = next(frame.value for frame in at.dataframe if "Taken by" in frame.value)
    assert set(table["Group"]) == {"Action"} and list(table["Taken by"]) == sorted(table["Taken by"], reverse=True)


def test_a_service_that_does_not_start_is_a_sentence(home, monkeypatch):
    from bmcore.errors import ServiceError
    from bmcore.serve import client

    def fail(name):
        raise ServiceError("The model could not be started.")

    monkeypatch.setattr(client, "service", fail)
    run_id = make_recommend_run(home, PAGE, "done")
    at = open_page(PAGE, run=run_id)
    at.button_group(key=f"{PAGE}.chip:{run_id}").set_value(100).run()
    assert not at.exception and "could not be started" in at.error[0].value


@pytest.mark.parametrize("answer", [{}, [], {"recommendations": []}, {"recommendations": [3]}, {"recommendations": [["x"]]}])
def test_an_answer_that_cannot_be_read_is_a_sentence(home, monkeypatch, service, answer):
    service.ask = lambda method, body: answer
    run_id = make_recommend_run(home, PAGE, "done")
    at = open_page(PAGE, run=run_id)
    at.button_group(key=f"{PAGE}.chip:{run_id}").set_value(100).run()
    assert not at.exception and "cannot be read" in at.error[0].value


def test_what_is_taken_away(home):
    run_id = make_recommend_run(home, PAGE, "done")
    at = open_page(PAGE, run=run_id)
    codes = [code.value for code in at.code]
    assert any(f"bmcore serve {run_id}" in code and "/recommend" in code for code in codes)
    script = next(code for code in codes if "bmcore.train(" in code)
    compile(script, "script", "exec")
    assert "sample='movielens_100k'" in script and "name='title'" in script and "about=['genres']" in script
    assert any(code == str(home / "runs" / run_id / "model") for code in codes)
    assert at.get("download_button")


def test_start_says_what_was_chosen(home, launched):
    at = open_page(PAGE)
    button(at, f"{PAGE}.start").click().run()
    assert not at.exception
    spec = spec_of(home, at)
    assert spec["estimator"] == "AutoRecommender" and spec["scenario"] == PAGE and spec["origin"] == "page"
    assert {"user": "user", "item": "item", "time": "timestamp", "title": "title", "weight": "rating"}.items() <= spec["columns"].items()
    assert spec["columns"]["about"] == ["genres"] and set(spec["columns"]["traits"]) == {"age", "gender", "occupation"}
    at.query_params.pop("run")  # as the browser's "back" does
    at.run()
    at.button_group(key=f"{PAGE}.method").set_value("EASE").run()
    button(at, f"{PAGE}.start").click().run()
    assert spec_of(home, at)["estimator"] == "EASE" and len(launched) == 2


def upload(name: str, content: str):
    at = open_page(PAGE, source="file")
    return at.file_uploader[0].set_value((name, content.encode(), "text/csv")).run()


ORDERS = "Invoice No,Customer ID,StockCode,Description,Quantity,Invoice Date\n" + "".join(
    f"o{i // 3},c{i % 37},s{i * 7 % 23},Cup number {i * 7 % 23},{1 + i % 4},2024-0{1 + i % 6}-1{i % 9}\n" for i in range(300)
)
BARE = "client,product\n" + "".join(f"c{i % 20},p{i * 3 % 11}\n" for i in range(120))


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (
            ORDERS,
            {
                "user": "Customer ID",
                "item": "StockCode",
                "weight": "Quantity",
                "time": "Invoice Date",
                "basket": "Invoice No",
                "title": "Description",
            },
        ),
        (BARE, {"user": "client", "item": "product"}),
    ],
)
def test_an_upload_is_understood_and_starts(home, launched, content, columns):
    at = upload("mine.csv", content)
    assert not at.exception and not at.error
    assert ("A date helps" in words(at)) == ("time" not in columns)
    button(at, f"{PAGE}.start").click().run()
    spec = spec_of(home, at)
    assert spec["columns"] == columns and spec["data"]["kind"] == "file"


def visible_inputs(block) -> int:
    """Widgets outside anything folded."""
    kinds = ("selectbox", "multiselect", "number_input", "text_input", "button_group", "file_uploader", "toggle", "text_area")
    if block.type == "expander":
        return 0
    children = getattr(block, "children", {}).values()
    return int(block.type in kinds) + sum(visible_inputs(child) for child in children)


def test_at_most_eight_inputs_are_visible(launched):
    assert 0 < visible_inputs(upload("mine.csv", ORDERS).main) <= 8


@pytest.mark.parametrize(
    "content",
    ["", "a,b\n", "user,item\nx,1\nx,2\n", "user,item\nx,1\ny,1\n", "word\nhello\nyou\n", "user,item,quantity\nx,1,-1\ny,2,-3\n"],
)
def test_a_bad_upload_is_a_sentence(content, launched):
    at = upload("bad.csv", content)
    assert not at.exception
    starts = [element for element in at.button if element.key == f"{PAGE}.start"]
    assert (not starts or starts[0].disabled) and (at.error or at.warning)


def test_words_that_are_markup_do_nothing(home, service):
    titles = tuple(f"{HOSTILE} {i}" for i in range(24))
    service.titles = titles
    columns = {"user": HOSTILE, "item": "item", "traits": [f"{HOSTILE}2"]}
    run_id = make_recommend_run(home, PAGE, "done", titles=titles, title=HOSTILE, columns=columns)
    at = open_page(PAGE, run=run_id)
    for step in ("chip", "stranger"):
        if step == "chip":
            at.button_group(key=f"{PAGE}.chip:{run_id}").set_value(100).run()
            at.selectbox(key=f"recommend_map.chosen:{run_id}").set_value(5).run()
        else:
            at.button_group(key=f"{PAGE}.whom:{run_id}").set_value("stranger").run()
        assert not at.exception
        for element in [*at.markdown, *at.caption]:
            assert not element.allow_html
            assert "![x](" not in element.value and "<img" not in element.value.replace("\\<", "")


def test_damaged_files_of_a_run_do_not_break_the_page(home, service):
    run_id = make_recommend_run(home, PAGE, "done")
    folder = home / "runs" / run_id
    found, places = json.loads((folder / "evaluation.json").read_text()), json.loads((folder / "map.json").read_text())
    bare = {key: found[key] for key in ("task", "verdict", "model")}
    for name, content in (
        ("map.json", "{"),
        ("map.json", json.dumps({"points": [[1]], "item": [0], "title": [1], "popularity": [1]})),
        ("map.json", json.dumps({**places, "group": None, "title": [None] * len(places["item"])})),
        ("map.json", json.dumps({**places, "group": ["x"]})),
        ("map.json", json.dumps({**places, "item": [[1]] * len(places["item"])})),
        ("evaluation.json", "[]"),
        ("evaluation.json", json.dumps(bare)),
        ("evaluation.json", json.dumps({**bare, "model": {}})),
        ("evaluation.json", json.dumps({**found, "cold": {}, "by_history": [{}], "examples": [{}, 3], "why": {}, "difference": None})),
        ("evaluation.json", json.dumps({**found, "baselines": [], "cold": None, "examples": [], "by_history": []})),
        ("recommendations.csv", "\x00\n\x00,\xff"),
        ("model/people.json", '{"traits": [3, {"name": 1}]}'),
        ("spec.json", "null"),
    ):
        kept = (folder / name).read_bytes()
        (folder / name).write_text(content)
        at = open_page(PAGE, run=run_id)
        assert not at.exception, (name, content[:80])
        for group in at.button_group:
            if group.key == f"{PAGE}.whom:{run_id}":
                for mode in ("known", "stranger"):
                    at.button_group(key=group.key).set_value(mode).run()
                    assert not at.exception, (name, content[:80], mode)
        (folder / name).write_bytes(kept)


def test_a_run_opens_on_its_own_page_only(home):
    text, ours = make_run(home, "done"), make_recommend_run(home, PAGE, "done")
    for page, run_id in ((PAGE, text), ("customer_service", ours), ("themes", ours)):
        at = open_page(page, run=run_id)
        assert not at.exception and "belongs to another page" in at.info[0].value


def test_the_list_of_all_trainings_shows_it(home):
    for n, verdict in enumerate(("better", "not_proven", "worse")):
        make_recommend_run(home, PAGE, "done", n=n, verdict=verdict)
    at = open_page("runs")
    assert not at.exception
    text = words(at)
    assert "Recommendations from" in text and "Found at the top (NDCG@10)" in text and "**0.28** against 0.24" in text


def test_the_look_counts_what_the_run_will_see(home):
    from bmcore.data import refs
    from bmcore.ui import roles

    ref = refs.store(ORDERS.encode(), "mine.csv")
    seen = recommend_look.answer({"ref": ref, "roles": roles.plainly(PRODUCTS.roles), "columns": None})
    assert seen["problem"] is None
    found = seen["found"]
    assert (found["users"], found["items"]) == (37, 23) and 0 < found["density"] <= 1
    assert len(found["popular"]) == 8 and found["popular"][0][0].startswith("Cup number")
    assert found["times"] and found["baskets"]
    blank = refs.store(b"user,item,title\n1,10,\n1,11,Tea\n2,10,Milk\n2,11,Tea\n3,12,Jam\n3,,Jam\n", "blank.csv")
    chosen = {"user": "user", "item": "item", "title": "title"}
    named = recommend_look.answer({"ref": blank, "roles": roles.plainly(PRODUCTS.roles), "columns": chosen})
    assert {name for name, _share in named["found"]["popular"]} == {"Milk", "Tea", "Jam"}
    twice = recommend_look.answer({"ref": ref, "roles": [], "columns": {"user": "Customer ID", "item": "Customer ID"}})
    assert "two uses" in twice["problem"]["template"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_file_too_large_to_send_is_named(home, lang, monkeypatch):
    from bmcore.ui import recommend_export

    monkeypatch.setattr(recommend_export, "LARGEST", 10)
    run = make_recommend_run(home, PAGE, "done")
    (home / "runs" / run / "recommendations.csv").write_text("customer,item\n" * 9)
    at = open_page(PAGE, lang, run=run)
    assert not at.exception and any("recommendations.csv" in code.value for code in at.code)
