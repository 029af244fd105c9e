"""The scenarios that recommend: products to customers, exercises or courses to learners."""

from __future__ import annotations

from bmcore.messages import Message
from bmcore.ui.kinds import RecommendScenario, Role

NAMES = ("title", "name", "product_name", "item_name", "description", "movie_title", "film", "stockname", "名称", "商品名称", "标题")
TIMES = ("timestamp", "time", "date", "order_date", "invoicedate", "invoice_date", "created_at", "day", "日期", "时间")
ABOUT = ("genres", "genre", "category", "categories", "tags", "brand", "department", "topic", "subject", "skill", "类别", "品牌", "标签")
TRAITS = ("age", "gender", "sex", "occupation", "country", "city", "segment", "grade", "school", "class", "年龄", "性别", "城市", "年级")

WHO = Role(
    "user",
    Message("Who bought"),
    ("user", "user_id", "userid", "customer", "customer_id", "customerid", "client", "client_id", "buyer", "member", "客户", "用户"),
)
WHAT = Role(
    "item",
    Message("What was bought"),
    ("item", "item_id", "itemid", "product", "product_id", "productid", "sku", "stockcode", "stock_code", "article", "movie_id", "商品"),
)
WHEN = Role("time", Message("When"), TIMES, needed=False, takes=("date", "number"))
BASKET = Role(
    "basket",
    Message("Which order or basket"),
    ("basket", "basket_id", "order", "order_id", "orderid", "invoice", "invoiceno", "invoice_no", "session", "session_id", "订单"),
    needed=False,
)
WEIGHT = Role(
    "weight",
    Message("How much or how often"),
    ("rating", "quantity", "qty", "count", "weight", "units", "stars", "数量", "评分"),
    needed=False,
    rare=True,
    takes=("number",),
)
TITLE = Role("title", Message("Name of the product"), NAMES, needed=False)
ABOUT_IT = Role("about", Message("What describes a product"), ABOUT, needed=False, many=True, rare=True)
TRAITS_OF = Role("traits", Message("What is known of a customer"), TRAITS, needed=False, many=True, rare=True)

PRODUCTS = RecommendScenario(
    key="product_recommendations",
    title=Message("Product recommendations"),
    name=Message("Product recommendations"),
    icon=":material/recommend:",
    question=Message("Which products should each customer see?"),
    about=Message(
        "Learn from who bought what. Then see, on purchases it never saw, whether that beats simply showing what sells best, and try it: "
        "fill a basket and watch the recommendations change."
    ),
    picture="product_recommendations.svg",
    alt=Message(
        "Three customers on the left, each joined to the things they bought; on the right one product is picked out for one of them."
    ),
    sample="movielens_100k",
    samples=("movielens_100k",),
    estimators=("AutoRecommender", "EASE", "ALS", "ItemKNN", "Popularity"),
    limits=(
        Message("It was measured on what people chose by themselves. Whether they would have liked what it shows, only a live test tells."),
        Message("The sample is people rating films in 1997 and 1998, standing in for purchases. A shop's customers choose in other ways."),
        Message("It repeats what is usual. Give a part of the page to new things, or nobody will ever find them."),
    ),
    time=Message("An answer in about a minute."),
    click=Message("Use 100,000 ratings of films, standing in for purchases. They are fetched once."),
    bring=Message("A CSV or Excel file with one purchase a row: who, and what. It never leaves this computer."),
    line="python -m bmcore train AutoRecommender --sample movielens_100k",
    go=Message("Learn what to recommend"),
    unit=Message("customers"),
    data_title=Message("Your purchases"),
    ask_table=Message("A table with one purchase a row: CSV, TSV, Excel, JSON lines or Parquet, up to 50 MB"),
    ask_columns=Message("It needs a column that names the customer and one that names the product."),
    roles=(WHO, WHAT, WHEN, TITLE, BASKET, WEIGHT, ABOUT_IT, TRAITS_OF),
    helps=Message(
        "A date helps: it is then tested on what came later, as in real life. So does an order number: what was bought together is then "
        "tested together."
    ),
    stands=Message("Here films stand in for products, people who rate them for customers, and ratings for purchases."),
    items=Message("products"),
    events=Message("purchases"),
    one=Message("Customer"),
    item=Message("Product"),
    had=Message("Had bought"),
    because=Message("because they bought {what}"),
    hit=Message("they did buy it later"),
    basket=Message("The basket"),
)

LEARNING = RecommendScenario(
    key="learning_path",
    title=Message("Learning path"),
    name=Message("Learning path"),
    icon=":material/school:",
    question=Message("What should each learner do next?"),
    about=Message(
        "Learn from who worked on what. What comes next fits what a learner has done, keeps to what has to come before, and is neither too "
        "easy nor too hard."
    ),
    picture="learning_path.svg",
    alt=Message("A path of stepping stones leads up to the right: the lower ones are done, the next one is lit, the others wait."),
    sample="movielens_100k",
    samples=("movielens_100k",),
    estimators=("AutoRecommender", "EASE", "ALS", "ItemKNN", "Popularity"),
    limits=(
        Message(
            "The sample is people rating films, standing in for learners and exercises: it shows how the page works, not how people learn."
        ),
        Message("It recommends what others did next, which need not be what teaches most. Only a test with learners tells that."),
        Message("Prerequisites are kept exactly as your table gives them. One that is missing there is not known here."),
    ),
    time=Message("An answer in about a minute."),
    click=Message("Use 100,000 ratings of films, standing in for learners and exercises. They are fetched once."),
    bring=Message("A CSV or Excel file with one attempt a row: which learner, which exercise. It never leaves this computer."),
    line="python -m bmcore train AutoRecommender --sample movielens_100k",
    go=Message("Learn what comes next"),
    unit=Message("learners"),
    data_title=Message("Your learners"),
    ask_table=Message("A table with one exercise of one learner a row: CSV, TSV, Excel, JSON lines or Parquet, up to 50 MB"),
    ask_columns=Message("It needs a column that names the learner and one that names the exercise or course."),
    roles=(
        Role(
            "user",
            Message("Which learner"),
            ("user", "user_id", "learner", "learner_id", "student", "student_id", "pupil", "participant", "学生", "学员", "用户"),
        ),
        Role(
            "item",
            Message("Which exercise or course"),
            (
                "item",
                "item_id",
                "exercise",
                "exercise_id",
                "course",
                "course_id",
                "problem",
                "problem_id",
                "question_id",
                "lesson",
                "题目",
                "课程",
            ),
        ),
        WHEN,
        Role("title", Message("Its name"), NAMES, needed=False, rare=True),
        Role(
            "difficulty",
            Message("How hard it is"),
            ("difficulty", "level", "hardness", "难度"),
            needed=False,
            takes=("number", "text"),
        ),
        Role(
            "requires",
            Message("What has to come before"),
            ("requires", "prerequisite", "prerequisites", "prereq", "前置", "先修"),
            needed=False,
        ),
        Role(
            "weight",
            Message("How well it went"),
            ("score", "rating", "correct", "grade", "weight"),
            needed=False,
            rare=True,
            takes=("number",),
        ),
        Role("about", Message("What describes it"), ABOUT, needed=False, many=True, rare=True),
        Role("traits", Message("What is known of a learner"), TRAITS, needed=False, many=True, rare=True),
    ),
    helps=Message(
        "A date helps: it is then tested on what came later. A column that says what has to come before keeps the path in order, one that "
        "says how hard things are keeps it within reach."
    ),
    stands=None,
    items=Message("exercises"),
    events=Message("attempts"),
    one=Message("Learner"),
    item=Message("Exercise"),
    had=Message("Had done"),
    because=Message("because they did {what}"),
    hit=Message("they did it later"),
    basket=Message("Done so far"),
)
