"""A sentence survives a file and is translated when it is read."""

import json
import pickle

from hypothesis import given
from hypothesis import strategies as st

from bmcore import errors, i18n
from bmcore.messages import Message

plain = st.none() | st.booleans() | st.integers() | st.text()


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), plain))
def test_a_message_survives_json(values):
    message = Message("{a} and {b}", **{"a": 1, "b": 2, **values})
    again = Message.from_dict(json.loads(json.dumps(message.to_dict())))
    assert again == message
    assert str(again) == str(message)


def test_braces_in_a_value_are_only_text():
    assert str(Message("Column {column}", column="{0.__class__}")) == "Column {0.__class__}"


def test_nested_messages_are_translated_too():
    message = Message("{state}: {n}", state=Message("done"), n=3)
    assert message.render(lambda text: text.upper().replace("{STATE}", "{state}").replace("{N}", "{n}")) == "DONE: 3"


def test_a_faulty_translation_does_not_hide_the_sentence():
    assert Message("{n} rows", n=3).render(lambda text: "{wrong} rows") == "3 rows"


def test_an_error_is_its_sentence_and_crosses_processes():
    error = errors.DataError("Column {column!r} is not there.", column="text")
    assert str(error) == "Column 'text' is not there."
    again = pickle.loads(pickle.dumps(error))  # made here, not from outside
    assert type(again) is errors.DataError
    assert again.message == error.message


def test_pick_the_nearest_language():
    assert [i18n.pick(tag) for tag in ("zh-CN", "zh_TW.UTF-8", "en-US", "de", None, "")] == ["zh", "zh", "en", "en", "en", "en"]
