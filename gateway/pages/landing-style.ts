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
}
@supports not (color: light-dark(#000, #fff)) {
  :root {
    --ground: #f7f7fb; --card: #fff; --line: #dfe1ea; --text: #1c1e28; --faint: #585c6e;
    --accent: #5b3fd1; --good: #17693c; --bad: #ad1f3b; --busy: #1558b0;
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
.sheet { overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
table { width: 100%; border-collapse: collapse; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: .55rem .9rem; text-align: left; white-space: nowrap; }
th { color: var(--faint); font-size: .8rem; font-weight: 600; }
tbody tr { border-top: 1px solid var(--line); }
td.name { max-width: 20rem; overflow: hidden; text-overflow: ellipsis; }
td.number { font-variant-numeric: tabular-nums; }
.status { color: var(--busy); font-weight: 600; }
.status.good { color: var(--good); }
.status.bad { color: var(--bad); }
.status.still { color: var(--faint); }
progress { width: 7rem; height: .5rem; margin-right: .6rem; vertical-align: middle; accent-color: var(--accent); }
.notice { padding: 1rem; }
code { font-family: ui-monospace, 'SF Mono', 'DejaVu Sans Mono', monospace; font-size: .92em; }
footer { margin-top: 2.5rem; padding-bottom: 3rem; font-size: .9rem; }
`;
