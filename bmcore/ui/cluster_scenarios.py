"""The scenarios that look for groups: customer segments, themes of messages, unusual rows."""

from __future__ import annotations

from bmcore.messages import Message
from bmcore.ui.kinds import ClusterScenario, Role, Shape

PURCHASES = Shape(
    "purchases",
    Message("a purchase"),
    (
        Role(
            "customer",
            Message("Who bought"),
            ("customer", "customer_id", "client", "client_id", "user", "user_id", "buyer", "member", "id", "客户", "用户"),
        ),
        Role(
            "date",
            Message("When"),
            ("date", "order_date", "invoicedate", "invoice_date", "time", "timestamp", "day", "日期", "时间"),
            takes=("date", "number"),
        ),
        Role(
            "money",
            Message("How much money"),
            ("money", "amount", "value", "price", "total", "revenue", "sales", "spent", "dollars", "金额", "价格"),
            needed=False,
            takes=("number",),
        ),
        Role(
            "quantity",
            Message("How many items"),
            ("quantity", "qty", "items", "cds", "units", "count", "数量"),
            needed=False,
            rare=True,
            takes=("number",),
        ),
    ),
)
NUMBERS = (
    Role("features", Message("Columns of numbers to compare"), (), needed=False, many=True, takes=("number",)),
    Role("key", Message("Column that names a row"), ("customer", "customer_id", "id", "name", "key", "编号", "客户"), needed=False),
)
CUSTOMERS = Shape("numeric", Message("a customer"), NUMBERS)
ROWS = Shape(
    "numeric",
    Message("a case"),
    (
        *NUMBERS,
        Role(
            "label",
            Message("Column that tells what was really bad"),
            ("label", "class", "credit", "creditability", "state", "target", "fraud", "is_fraud", "outlier", "anomaly", "标签"),
            needed=False,
        ),
    ),
)
MESSAGES = Shape(
    "messages",
    Message("a message"),
    (
        Role("text", Message("The message"), ("text", "message", "review", "comment", "body", "content", "question", "内容", "留言")),
        Role(
            "by", Message("Compare by"), ("department", "category", "channel", "product", "team", "country", "部门", "类别"), needed=False
        ),
        Role(
            "time",
            Message("When it was written"),
            ("date", "time", "created", "created_at", "timestamp", "日期", "时间"),
            needed=False,
            takes=("date", "number"),
        ),
    ),
)

SEGMENTS = ClusterScenario(
    key="customer_segments",
    title=Message("Customer segments"),
    name=Message("Customer segments"),
    icon=":material/groups:",
    question=Message("Which kinds of customers do we have?"),
    about=Message(
        "Group customers by when they last bought, how often and for how much. Then see whether the groups are real or would appear in "
        "any table, and what to do with each."
    ),
    picture="customer_segments.svg",
    alt=Message("A cloud of customers on the left falls into three coloured groups; each group has a card on the right."),
    sample="cdnow",
    samples=("cdnow",),
    estimators=("KMeans", "DBSCAN"),
    limits=(
        Message("Groups describe how customers behaved, not why. Ask a few of each group before you act on it."),
        Message("The sample is one shop's CD buyers of 1997 and 1998: other shops have other groups."),
        Message("Customers move between groups. Make them again when a season has passed."),
    ),
    time=Message("An answer in about a minute."),
    click=Message("Use 69,659 purchases by real buyers of CDs. They are fetched once."),
    bring=Message("A CSV or Excel file with one purchase a row, or one customer a row. It never leaves this computer."),
    line="python -m bmcore train KMeans --sample cdnow --choose",
    shapes=(PURCHASES, CUSTOMERS),
    go=Message("Find the segments"),
    count=None,
    group=Message("Segment"),
    unit=Message("customers"),
    single=Message("In no group"),
    alone=False,
    data_title=Message("Your customers"),
    ask_table=Message("A table with one purchase or one customer a row: CSV, TSV, Excel, JSON lines or Parquet, up to 50 MB"),
    ask_columns=Message(
        "It needs a column that names the customer and one with the date of each purchase; or columns of numbers about each customer."
    ),
)

THEMES = ClusterScenario(
    key="themes",
    title=Message("What are customers talking about?"),
    name=Message("Message themes"),
    icon=":material/forum:",
    question=Message("Which themes come up in our messages, and where?"),
    about=Message(
        "A small language model places messages of similar meaning near each other. Groups of them are themes: with the words that set "
        "them apart, typical messages, and how often each department hears them."
    ),
    picture="themes.svg",
    alt=Message("Speech bubbles on the left gather into three coloured heaps, each with a line of words beside it."),
    sample="clothing_reviews",
    samples=("clothing_reviews", "dialogues_en"),
    estimators=("KMeans", "DBSCAN"),
    limits=(
        Message("The built-in language model, MiniLM, reads English. It cannot place Chinese messages by their meaning."),
        Message("A theme is a heap of similar messages, and a message can speak of two things. Read some of each before you name it."),
        Message("How often something is said does not tell how much it matters."),
    ),
    time=Message("An answer in a few minutes: the language model reads about a hundred messages a second."),
    click=Message("Use 22,641 messages by real shoppers. They are fetched once, 22 MB."),
    bring=Message("A CSV or Excel file with one message a row. It never leaves this computer."),
    line="python -m bmcore train KMeans --sample clothing_reviews --prepare messages --by department",
    shapes=(MESSAGES,),
    go=Message("Find the themes"),
    count=8,
    group=Message("Theme"),
    unit=Message("messages"),
    single=Message("In no theme"),
    alone=False,
    data_title=Message("Your messages"),
    ask_table=Message("A table with one message a row: CSV, TSV, Excel, JSON lines or Parquet, up to 50 MB"),
    ask_columns=Message("It needs a column with the text. A column to compare by, such as the department, and a date make more of it."),
)

UNUSUAL = ClusterScenario(
    key="unusual",
    title=Message("Unusual transactions"),
    name=Message("Unusual transactions"),
    icon=":material/troubleshoot:",
    question=Message("Which rows should a person look at first?"),
    about=Message(
        "Rows that have no neighbours are unusual: DBSCAN finds them without being told what to look for. They are ranked, each with the "
        "columns that make it so, and compared with what was really bad where a column tells."
    ),
    picture="unusual.svg",
    alt=Message("A dense crowd of grey points with a few orange ones far away; a magnifying glass stands over one of them."),
    sample="german_credit",
    samples=("german_credit", "shuttle"),
    estimators=("DBSCAN",),
    limits=(
        Message("Unusual is not wrong. This screen puts rows in an order for a person to look at; it proves nothing about any of them."),
        Message("Fraud that looks like ordinary business has many neighbours, and is not found this way."),
        Message("Do not refuse a person anything because a row is unusual: it may only be rare."),
    ),
    time=Message("An answer in about a minute."),
    click=Message("Use 1,000 real applications for credit, or the sensors of a space shuttle. They are fetched once."),
    bring=Message("A CSV or Excel file with one transaction a row and columns of numbers. It never leaves this computer."),
    line="python -m bmcore train DBSCAN --sample german_credit --choose",
    shapes=(ROWS,),
    go=Message("Find the unusual ones"),
    count=None,
    group=Message("Group"),
    unit=Message("rows"),
    single=Message("Unusual"),
    alone=True,
    data_title=Message("Your transactions"),
    ask_table=Message("A table with one transaction a row: CSV, TSV, Excel, JSON lines or Parquet, up to 50 MB"),
    ask_columns=Message(
        "It needs columns of numbers, such as amounts and counts. A column that tells what was really bad allows a comparison."
    ),
)
