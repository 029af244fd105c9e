"""The pages that look for groups, in every state of a run, by AppTest. Only the home folder, the launcher and the service are replaced."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_clusters import SCENARIOS, make_cluster_run  # noqa: E402
from make_run import STATES, make_run  # noqa: E402
from pagetest import button, open_page, words  # noqa: E402

from bmcore import i18n  # noqa: E402
from bmcore.ui import cluster_look  # noqa: E402
from bmcore.ui.scenario import SCENARIOS as KNOWN  # noqa: E402

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


def spec_of(home: Path, at) -> dict:
    found = at.query_params["run"]
    return json.loads((home / "runs" / (found if isinstance(found, str) else found[0]) / "spec.json").read_text())


def scenario(key: str):
    return next(entry for entry in KNOWN if entry.key == key)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("page", SCENARIOS)
def test_state(home, page, state, lang):
    at = open_page(page, lang, run=make_cluster_run(home, page, state))
    assert not at.exception
    assert [title.value for title in at.title] == [i18n.translate(scenario(page).title, lang)]
    assert any(i18n.translate(sign, lang).rstrip(".") in words(at) for sign in SIGNS[state])
    keys = [element.key or "" for element in at.button]
    assert any(key.startswith("live.stop") for key in keys) == (state in ("queued", "running"))
    assert any(key.startswith("steps.resume") for key in keys) == (state in ("failed", "cancelled", "lost"))
    if state in ("failed", "cancelled", "lost"):  # no curve of a loss, which nothing here has
        assert not at.get("plotly_chart")


@pytest.mark.parametrize("page", SCENARIOS)
def test_empty_lists_every_step_and_offers_the_sample(page):
    at = open_page(page)
    assert not at.exception and not at.error
    for n in range(1, 6):
        assert f"{n} · " in words(at)
    assert not button(at, f"{page}.start").disabled


@pytest.mark.parametrize("verdict", ["structure", "weak", "none"])
def test_verdicts_have_their_own_look(home, verdict):
    at = open_page("customer_segments", run=make_cluster_run(home, "customer_segments", "done", verdict=verdict))
    boxes = {"structure": at.success, "weak": at.warning, "none": at.error}
    assert [len(found) for found in boxes.values()] == [int(name == verdict) for name in boxes]
    assert ("one of many ways to divide" in words(at)) == (verdict == "none")


def test_a_card_a_segment_with_profile_and_advice(home):
    at = open_page("customer_segments", run=make_cluster_run(home, "customer_segments", "done"))
    text = words(at)
    for name in ("Loyal, big spenders", "Bought once for little, long ago", "Usually bought last 45 days ago", "Keep them: thank them"):
        assert name in text
    assert at.metric[0].value == "0.46" and at.metric[1].value == "0.93"


def test_buttons_of_the_groups_choose_the_rows_of_the_table(home):
    at = open_page("customer_segments", run=make_cluster_run(home, "customer_segments", "done"))
    table = next(frame for frame in at.dataframe if "Segment" in frame.value)
    assert len(set(table.value["Segment"])) == 4
    pills = next(group for group in at.button_group if group.key.startswith("cluster_map.only"))
    pills.set_value([1]).run()
    assert not at.exception
    table = next(frame for frame in at.dataframe if "Segment" in frame.value)
    assert set(table.value["Segment"]) == {"Bought once for little, long ago"}


def test_unusual_rows_are_ranked_with_their_reasons(home):
    at = open_page("unusual", run=make_cluster_run(home, "unusual", "done"))
    table = next(frame.value for frame in at.dataframe if "Why it stands out" in frame.value)
    assert table["Row"][0] == 2 and "usual 900 to 5,200" in table["Why it stands out"][0]
    assert "Unusual is not wrong" in words(at)


def test_themes_show_words_and_typical_messages(home):
    at = open_page("themes", run=make_cluster_run(home, "themes", "done"))
    text = words(at)
    assert "dress, fit, waist" in text and "Compared by department" in text and "> I ordered the dress" in text


def test_start_lets_it_choose_unless_told(home, launched):
    at = open_page("customer_segments")
    button(at, "customer_segments.start").click().run()
    spec = spec_of(home, at)
    assert spec["choose"] is True and spec["scenario"] == "customer_segments" and spec["origin"] == "page"
    roles = {"customer": "customer", "date": "date", "money": "money", "quantity": "quantity"}
    assert spec["columns"] == {"prepare": "purchases", **roles}
    at.query_params.pop("run")  # as the browser's "back" does
    at.run()
    at.selectbox(key="customer_segments.count").set_value(5).run()
    button(at, "customer_segments.start").click().run()
    spec = spec_of(home, at)
    assert spec["choose"] is False and spec["params"]["n_clusters"] == 5
    assert len(launched) == 2


def test_dbscan_and_a_setting(home, launched):
    at = open_page("customer_segments")
    at.button_group(key="customer_segments.method").set_value("DBSCAN").run()
    at.text_input(key="customer_segments.eps:DBSCAN:0").set_value("-1").run()
    assert at.error and button(at, "customer_segments.start").disabled
    at.text_input(key="customer_segments.eps:DBSCAN:0").set_value("0.7").run()
    button(at, "customer_segments.start").click().run()
    spec = spec_of(home, at)
    assert spec["estimator"] == "DBSCAN" and spec["params"]["eps"] == 0.7 and spec["choose"] is False


def upload(page: str, name: str, content: str):
    at = open_page(page, source="file")
    return at.file_uploader[0].set_value((name, content.encode(), "text/csv")).run()


PURCHASES = "Order Date,Customer ID,Amount\n" + "".join(f"2024-0{1 + i % 6}-1{i % 9},c{i % 40},{5 + i % 17}\n" for i in range(240))
CUSTOMERS = "id,age,visits,spent\n" + "".join(f"c{i},{20 + i % 50},{i % 7},{i * 3 % 101}\n" for i in range(80))
CASES = "amount,hours,fraud\n" + "".join(f"{100 + i % 13},{i % 24},no\n" for i in range(90)) + "99999,3,yes\n"
MAIL = "message,team\n" + "".join(f"Where is my parcel {i}?,delivery\nThe zip is broken {i},returns\n" for i in range(30))


@pytest.mark.parametrize(
    ("page", "content", "columns"),
    [
        ("customer_segments", PURCHASES, {"prepare": "purchases", "customer": "Customer ID", "date": "Order Date", "money": "Amount"}),
        ("customer_segments", CUSTOMERS, {"prepare": "numeric", "key": "id"}),
        ("unusual", CASES, {"prepare": "numeric", "label": "fraud"}),
        ("themes", MAIL, {"prepare": "messages", "text": "message", "by": "team"}),
    ],
)
def test_an_upload_is_understood_and_starts(home, launched, page, content, columns):
    at = upload(page, "mine.csv", content)
    assert not at.exception and not at.error
    button(at, f"{page}.start").click().run()
    spec = spec_of(home, at)
    assert spec["columns"] == columns and spec["data"]["kind"] == "file"
    if page == "unusual":  # how strict it is was asked as a share of the rows
        assert spec["choose"] is False and spec["params"]["eps"] > 0


def visible_inputs(block) -> int:
    """Widgets outside anything folded."""
    kinds = ("selectbox", "multiselect", "number_input", "text_input", "button_group", "file_uploader", "toggle", "text_area")
    if block.type == "expander":
        return 0
    children = getattr(block, "children", {}).values()
    return int(block.type in kinds) + sum(visible_inputs(child) for child in children)


@pytest.mark.parametrize(("page", "content"), [("customer_segments", PURCHASES), ("unusual", CASES), ("themes", MAIL)])
def test_at_most_eight_inputs_are_visible(page, content, launched):
    assert 0 < visible_inputs(upload(page, "mine.csv", content).main) <= 8


@pytest.mark.parametrize(
    "content",
    ["", "a,b\n", "customer,date\nx,y\nz,never\n", "word\nhello\nyou\n", "customer,date,money\nc1,2024-01-01,5\nc1,2024-01-02,5\n"],
)
@pytest.mark.parametrize("page", SCENARIOS)
def test_a_bad_upload_is_a_sentence(page, content, launched):
    at = upload(page, "bad.csv", content)
    assert not at.exception
    starts = [element for element in at.button if element.key == f"{page}.start"]
    if page != "themes" or not content.startswith(("customer", "word")):
        assert (not starts or starts[0].disabled) and (at.error or at.warning or at.info)


class Service:
    asked: list = []  # noqa: RUF012

    def ask(self, method, body):
        self.asked.append((method, body))
        return {"predictions": [{"cluster": 0, "name": "x", "distance": 0.1}]}


@pytest.mark.parametrize("page", SCENARIOS)
def test_try_it_asks_the_service(home, monkeypatch, page):
    from bmcore.serve import client

    monkeypatch.setattr(client, "service", lambda name: Service())
    at = open_page(page, run=make_cluster_run(home, page, "done"))
    button(at, "FormSubmitter:cluster_try.form").click().run()
    assert not at.exception
    assert any(element.value.startswith("### ") for element in at.markdown)
    method, body = Service.asked[-1]
    assert method == "predict" and set(body) == ({"texts"} if page == "themes" else {"records"})


def test_a_service_that_does_not_start_is_a_sentence(home, monkeypatch):
    from bmcore.errors import ServiceError
    from bmcore.serve import client

    def fail(name):
        raise ServiceError("The model could not be started.")

    monkeypatch.setattr(client, "service", fail)
    at = open_page("customer_segments", run=make_cluster_run(home, "customer_segments", "done"))
    button(at, "FormSubmitter:cluster_try.form").click().run()
    assert "could not be started" in at.error[0].value


@pytest.mark.parametrize("page", SCENARIOS)
def test_words_that_are_markup_do_nothing(home, page):
    columns = {"prepare": "messages", "text": HOSTILE, "by": HOSTILE}
    at = open_page(page, run=make_cluster_run(home, page, "done", words=[HOSTILE] * 3, title=HOSTILE, columns=columns))
    assert not at.exception
    for element in at.markdown:
        assert not element.allow_html
        assert "![x](" not in element.value and "<img" not in element.value.replace("\\<", "")


@pytest.mark.parametrize("page", SCENARIOS)
def test_damaged_files_of_a_run_do_not_break_the_page(home, page):
    run_id = make_cluster_run(home, page, "done")
    folder = home / "runs" / run_id
    found = json.loads((folder / "evaluation.json").read_text())
    bare = {key: found[key] for key in ("task", "verdict", "sizes")}
    for name, content in (
        ("map.json", "{"),
        ("map.json", json.dumps({"points": [[1]], "cluster": [0], "values": [[1]], "columns": []})),
        ("evaluation.json", "[]"),
        ("evaluation.json", json.dumps(bare)),
        ("evaluation.json", json.dumps({**found, "clusters": [{"cluster": 0}], "choice": {}, "holdout": {}, "by": [{}], "outliers": [{}]})),
        ("evaluation.json", json.dumps({**found, "model": {"silhouette": None, "stability": None}, "baselines": []})),
        ("spec.json", "null"),
    ):
        kept = (folder / name).read_bytes()
        (folder / name).write_text(content)
        assert not open_page(page, run=run_id).exception, (name, content[:80])
        (folder / name).write_bytes(kept)


def test_a_run_opens_on_its_own_page_only(home):
    text, groups = make_run(home, "done"), make_cluster_run(home, "themes", "done")
    for page, run_id in (("customer_segments", text), ("customer_service", groups), ("unusual", groups)):
        at = open_page(page, run=run_id)
        assert not at.exception and "belongs to another page" in at.info[0].value


def test_home_starts_each_scenario(home):
    for entry in KNOWN:
        at = open_page("home")
        assert button(at, f"home.open:{entry.key}")
        at.button_group(key="home.question").set_value(entry.key).run()
        assert entry.line in [code.value for code in at.code]
        button(at, "home.sample").click().run()
        assert not at.exception and [title.value for title in at.title] == [i18n.translate(entry.title, "en")]


def test_kinds_of_columns():
    import pandas as pd

    frame = pd.DataFrame(
        {"n": [1, 2], "d": ["2024-01-05", "2024-02-01"], "t": ["a", "b"], "b": [True, False], "code": ["12345", "54321"], "x": [None, None]}
    )
    assert [cluster_look.kind(frame[name]) for name in frame] == ["number", "date", "text", "text", "text", "text"]


def test_the_share_of_unusual_rows_is_what_was_asked_for():
    """Against scikit-learn's DBSCAN, on points in general position."""
    import numpy as np
    from sklearn.cluster import DBSCAN

    X = np.random.default_rng(0).normal(size=(3000, 3)).astype("float32")
    for share, eps in cluster_look._reach(X).items():
        noise = (DBSCAN(eps=eps, min_samples=5).fit(X).labels_ < 0).mean()
        assert abs(noise - float(share)) < 0.002


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_million_rows_stay_usable(home, tmp_path):
    import numpy as np
    import pandas as pd

    from bmcore import runs

    random = np.random.default_rng(0)
    rows = random.normal(size=(1_000_000, 3)) + 6 * random.integers(0, 3, size=(1_000_000, 1))
    pd.DataFrame(rows.round(3), columns=["visits", "spend", "age"]).to_csv(tmp_path / "m.csv", index=False)
    run = runs.train("KMeans", tmp_path / "m.csv", prepare="numeric", n_clusters=3)
    at = open_page("customer_segments", run=run.id)
    assert not at.exception and "of 1,000,000 customers on the map" in words(at).replace("*", "")
    assert sum(len(one.proto.SerializeToString()) for one in at.get("plotly_chart")) < 1_000_000
