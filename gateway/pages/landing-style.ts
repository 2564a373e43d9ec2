/** The style of the landing page: one column, both colour schemes, nothing loaded. */
export const LANDING_STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f7f7fb, #12131a);
  --card: light-dark(#fff, #1b1d27);
  --line: light-dark(#dfe1ea, #323543);
  --text: light-dark(#1c1e28, #e9eaf2);
  --faint: light-dark(#585c6e, #a4a8bb);
  --accent: light-dark(#5b3fd1, #ab9bff);
  --good: light-dark(#17693c, #6fd39a);
  --bad: light-dark(#ad1f3b, #ff93a6);
  --busy: light-dark(#1558b0, #86b9ff);
  --warn: light-dark(#c77700, #ffb84d);
}
@supports not (color: light-dark(#000, #fff)) {
  :root {
    --ground: #f7f7fb; --card: #fff; --line: #dfe1ea; --text: #1c1e28; --faint: #585c6e;
    --accent: #5b3fd1; --good: #17693c; --bad: #ad1f3b; --busy: #1558b0; --warn: #c77700;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
}
header, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3rem; }
h1 { display: flex; align-items: center; gap: .75rem; margin: 0; font-size: 2.1rem; letter-spacing: -.02em; }
h1 svg { width: 2.4rem; height: 2.4rem; color: var(--accent); flex: none; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.15rem; }
p { margin: .5rem 0; max-width: 44rem; }
.faint, footer { color: var(--faint); }
a { color: var(--accent); text-underline-offset: .2em; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
nav ul { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem; margin: 1.5rem 0 0; padding: 0; list-style: none; }
nav a {
  display: block; height: 100%; padding: .85rem 1rem; border: 1px solid var(--line); border-radius: 10px;
  background: var(--card); color: inherit; text-decoration: none;
}
nav a:hover { border-color: var(--accent); }
nav strong { display: block; color: var(--accent); }
nav span { color: var(--faint); font-size: .9rem; }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-top: 2.5rem; }
.head h2 { margin: 0; }
#link { margin: 0; color: var(--faint); font-size: .9rem; }
#link::before {
  content: ''; display: inline-block; width: .6em; height: .6em; margin-right: .5em;
  border-radius: 50%; background: var(--faint);
}
#link[data-state='live']::before, #link[data-state='degraded']::before { background: var(--good); }
#link[data-state='waiting']::before { background: var(--warn); }
#link[data-state='ended']::before { background: var(--bad); }
#counts { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .5rem 0 .75rem; padding: 0; list-style: none; }
#counts b { margin-right: .35em; font-variant-numeric: tabular-nums; }
#counts .status { margin: 0; font-weight: 400; }
.sheet { border: 1px solid var(--line); border-radius: 10px; background: var(--card); overflow: clip; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { padding: .55rem .9rem; text-align: left; }
th { color: var(--faint); font-size: .8rem; font-weight: 600; }
th:nth-child(2) { width: 19%; }
th:nth-child(3) { width: 31%; }
th:nth-child(4), th:nth-child(5) { width: 12%; }
tbody tr { border-top: 1px solid var(--line); }
.title th { padding-top: 1.1rem; color: var(--text); font-size: .9rem; }
.none td { color: var(--faint); }
.name a { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.number b { font-weight: inherit; }
.state { overflow: hidden; text-overflow: ellipsis; }
.status { margin-right: .5em; color: var(--busy); font-weight: 600; }
.status.good { color: var(--good); }
.status.bad { color: var(--bad); }
.status.still { color: var(--faint); }
.progress b.failed { margin-left: .75em; color: var(--bad); }
.bar {
  width: 45%; height: .55rem; margin-right: .75rem; border-radius: .3rem;
  background: var(--line); vertical-align: middle;
}
.bar .done { fill: var(--accent); }
.bar .failed { fill: var(--bad); }
.lingers { background: color-mix(in srgb, var(--accent) 9%, transparent); }
.unseen { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
.notice { margin: .75rem 0; color: var(--bad); }
@media (prefers-reduced-motion: no-preference) {
  .bar rect { transition: width .3s ease-out, x .3s ease-out; }
}
@media (max-width: 46rem) {
  header { padding-top: 1.5rem; }
  nav ul { grid-template-columns: 1fr 1fr; gap: .5rem; }
  nav a { padding: .5rem .75rem; }
  nav span { display: none; }
  .head { margin-top: 1.75rem; }
  table, thead, tbody { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .1rem .75rem; padding: .6rem .9rem; align-items: baseline; }
  tr[hidden] { display: none; }
  td, .title th { padding: 0; }
  .title { padding-top: 1rem; }
  .run td:nth-child(3) { order: 1; }
  .run td:nth-child(4) { order: 3; color: var(--faint); }
  .run td:nth-child(4):empty { display: none; }
  .run td:nth-child(5) { order: 2; color: var(--faint); text-align: right; }
  .state { text-align: right; }
  .status:last-child { margin: 0; }
  .bar { width: 40%; }
}
code { font-family: ui-monospace, 'SF Mono', 'DejaVu Sans Mono', monospace; font-size: .92em; }
footer { margin-top: 2.5rem; padding-bottom: 3rem; font-size: .9rem; }
`;
