"""The page at /docs: drawn from /openapi.json, with a form to try each endpoint. One file, no request to another host.

Swagger UI would add a megabyte or a content-delivery network for the same two endpoints.
"""

from __future__ import annotations

import base64
import hashlib

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8886; padding: 1rem 0; }
h2 { font-size: 1.1rem; } code, pre, textarea { font: 14px/1.45 ui-monospace, monospace; }
textarea { width: 100%; min-height: 7rem; box-sizing: border-box; } pre { overflow-x: auto; background: #8882; padding: .75rem; }
button { font: inherit; padding: .4rem 1.2rem; margin: .5rem 0; }
button:focus-visible, textarea:focus-visible { outline: 3px solid #0072b2; }
"""
_SCRIPT = """
const make = (tag, text, parent) => { const e = document.createElement(tag); e.textContent = text; parent.append(e); return e; };
const show = (value) => JSON.stringify(value, null, 2);
function form(path, action, parent) {
  const section = make('section', '', parent), body = action.requestBody?.content['application/json'];
  make('h2', (body ? 'POST ' : 'GET ') + path, section); make('p', action.summary, section);
  let area;
  if (body) {
    make('p', 'From a terminal:', section);
    const data = JSON.stringify(body.example).replaceAll("'", "'\\\\''");
    make('pre', `curl ${location.origin}${path} -H 'content-type: application/json' -d '${data}'`, section);
    const label = make('label', 'Request body', section); area = make('textarea', show(body.example), label); area.spellcheck = false;
    const fold = make('details', '', section); make('summary', 'Schemas', fold);
    make('pre', show({takes: body.schema, gives: action.responses['200'].content['application/json'].schema}), fold);
  }
  const button = make('button', 'Try it', section), out = make('pre', '', section);
  out.hidden = true; out.setAttribute('aria-live', 'polite');
  button.onclick = async () => {
    button.disabled = true; out.hidden = false; out.textContent = '...';
    try {
      const options = body ? {method: 'POST', headers: {'content-type': 'application/json'}, body: area.value} : {};
      const answer = await fetch(path, options); out.textContent = answer.status + '\\n';
      if ((answer.headers.get('content-type') || '').startsWith('text/event-stream')) {
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let part = await reader.read(); !part.done; part = await reader.read()) out.append(part.value);
      } else out.append(show(await answer.json()));
    } catch (error) { out.textContent = String(error); }
    button.disabled = false;
  };
}
fetch('/openapi.json').then((answer) => answer.json()).then((api) => {
  document.title = api.info.title; document.querySelector('h1').textContent = api.info.title;
  for (const [path, methods] of Object.entries(api.paths))
    for (const action of Object.values(methods)) form(path, action, document.querySelector('main'));
});
"""
PAGE = f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>API</title>
<link rel="icon" href="data:,"><style>{_STYLE}</style><main><h1>API</h1>
<p>The machine-readable form is <a href="/openapi.json">/openapi.json</a>. This service answers on this computer only.</p></main>
<script>{_SCRIPT}</script></html>"""


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


POLICY = (f"default-src 'none'; script-src {_hash(_SCRIPT)}; style-src {_hash(_STYLE)}; img-src data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
