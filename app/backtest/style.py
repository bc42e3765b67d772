"""How the page looks, in light and in dark, on a desk, on a telephone and on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #566070; --line: #d8dde4; --page: #ffffff; --panel: #f4f6f8;
  --kept: #4f86c0; --gained: #b45309; --lost: #7c3aed; --people: #64748b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --dim: #a3adba; --line: #343c47; --page: #14181d;
  --panel: #1c2128; --kept: #4d7fb5; --gained: #f6ad55; --lost: #b794f6; --people: #94a3b8; } }
* { box-sizing: border-box; }
body { margin: 2rem auto; max-width: 64rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--page); overflow-wrap: anywhere; }
h1 { font-size: 1rem; font-weight: 600; color: var(--dim); margin: 0; }
.lead { font-size: 1.4rem; line-height: 1.35; font-weight: 600; color: var(--ink); margin: .2rem 0 .6rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .5rem; }
p, figcaption, summary, small { color: var(--dim); } p { margin: .4rem 0; } figure { margin: 0; }
small { display: block; font-size: .8rem; font-weight: 400; }
summary { cursor: pointer; padding: .2rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th { font-weight: 600; } th:first-child, td:first-child { text-align: left; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; list-style: none; padding: .6rem .8rem; margin: 1rem 0 0;
  background: var(--panel); border-radius: 6px; }
.swatch { width: .9em; height: .9em; margin-right: .4em; vertical-align: -.1em; }
.chart { display: flex; gap: .5rem; } .chart svg { flex: 1; min-width: 0; }
.scale { position: relative; flex: none; font-size: 12px; color: var(--dim); font-variant-numeric: tabular-nums; }
.scale span { position: absolute; right: 0; transform: translateY(-50%); line-height: 1; }
.chart text { fill: var(--dim); font-size: 12px; }
.grid { stroke: var(--line); } .axis { stroke: var(--dim); } .gap { stroke: var(--dim); stroke-dasharray: 4 4; }
.room { fill: transparent; } g:hover > .room { fill: var(--line); fill-opacity: .5; }
.kept { fill: var(--kept); } .gained { fill: url(#gained); } .lost { fill: url(#lost); } .ours { fill: var(--people); }
.theirs { fill: url(#theirs); }
.patterns { position: absolute; width: 0; height: 0; } .ground { fill: var(--page); }
.of-gained { fill: var(--gained); } .of-lost { fill: var(--lost); } .of-theirs { fill: var(--people); }
.small { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: 1.2rem 2rem; }
.codes td { white-space: nowrap; } .column { display: none; } .codes tbody th { text-align: left; }
.codes tr:last-child > * { font-weight: 700; }
.wide { overflow-x: auto; max-height: 80vh; } .periods { font-size: .9rem; }
.periods th, .periods td { white-space: nowrap; }
.periods thead th { position: sticky; top: 0; background: var(--page); z-index: 1; }
.periods td:first-child, .periods th:first-child { position: sticky; left: 0; background: var(--page); }
.periods thead th:first-child { z-index: 2; }
.samples th, .samples td { text-align: left; white-space: nowrap; }
.samples td:last-child { width: 99%; white-space: normal; }
.customers td { white-space: nowrap; } .customers small { display: inline-block; min-width: 3.6em; }
.customers .bars { width: 60%; } .customers .bars svg { width: 100%; display: block; margin-top: .15rem; }
@media (max-width: 46rem) {
  body { margin: 1rem auto; } .lead { font-size: 1.2rem; } .roomy { display: none; }
  .codes thead, .samples thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .codes, .codes tbody, .samples, .samples tbody, .samples tr { display: block; }
  .codes tr { display: grid; grid-template-columns: 1fr 1fr; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .codes th, .codes td { border: 0; padding: .2rem 0; text-align: left; } .codes th { grid-column: 1 / -1; }
  .codes .silent { grid-template-columns: repeat(4, 1fr); } .column { display: block; }
  .samples tr { padding: .4rem 0; border-bottom: 1px solid var(--line); }
  .samples td { border: 0; padding: 0 .8rem 0 0; display: inline; font-size: .85rem; color: var(--dim); }
  .samples td:first-child::before { content: "user "; } .samples td:nth-child(2)::before { content: "t "; }
  .samples td:last-child { display: block; font-size: 1rem; color: var(--ink); width: auto; }
  .customers, .customers thead, .customers tbody { display: block; } .customers .bars { grid-area: 2 / 1 / 2 / -1; }
  .customers tr { display: grid; grid-template-columns: 1fr 6.5rem 6.5rem; padding: .4rem 0; }
  .customers tr { border-bottom: 1px solid var(--line); } .customers th, .customers td { border: 0; padding: 0; }
  .customers .bars { width: auto; padding-top: .2rem; }
  .periods td:first-child { white-space: pre; }
}
@media print { * { print-color-adjust: exact; } .wide { max-height: none; } }
"""

# Patterns tell apart what colours tell apart, on paper and to whoever sees no colours. They are defined once.
PATTERNS = """<svg class="patterns" aria-hidden="true"><defs>
<pattern id="gained" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect class="of-gained" width="6" height="6"/><rect class="ground" width="1.5" height="6"/></pattern>
<pattern id="lost" width="4" height="4" patternUnits="userSpaceOnUse">
<rect class="ground" width="4" height="4"/><rect class="of-lost" width="4" height="2.5"/></pattern>
<pattern id="theirs" width="4" height="4" patternUnits="userSpaceOnUse">
<rect class="ground" width="4" height="4"/><rect class="of-theirs" width="2" height="4"/></pattern>
</defs></svg>"""
