/** The page's style sheet: light and dark, narrow screens, paper. Ends in a newline. */
export const RACE_STYLE = `:root {
  color-scheme: light dark;
  --ink: #1c1e21; --quiet: #5a6068; --paper: #fff; --shade: #f3f4f6; --line: #d4d7dc;
  --bad: #b3121d; --ok: #17693a; --link: #0b57b0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e8eb; --quiet: #a0a7b0; --paper: #15171a; --shade: #202327; --line: #3a3f46;
    --bad: #ff8a8f; --ok: #7bd49b; --link: #8ab8f5;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 80rem;
  color: var(--ink); background: var(--paper);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 1.5rem 0 0.5rem; font-size: 1.2rem; }
p { margin: 0.4rem 0; }
a { color: var(--link); }
code { font: 0.875rem/1.5 ui-monospace, monospace; }
.quiet { color: var(--quiet); }
.bad { color: var(--bad); font-weight: 600; }
.mark { display: inline-block; min-width: 3.5rem; font-weight: 600; }
.mark.ok { color: var(--ok); }
.scroll { overflow-x: auto; margin: 0.5rem 0; }
table { border-collapse: collapse; overflow-wrap: normal; }
caption { text-align: left; color: var(--quiet); padding-bottom: 0.25rem; }
th, td { padding: 0.2rem 0.7rem 0.2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
tbody th { font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
.lanes td, .lanes th { white-space: nowrap; padding-left: 0.4rem; }
.lanes .step { background: var(--shade); }
.stack { list-style: none; margin: 0; padding-left: 1rem; color: var(--quiet); }
details { border-top: 1px solid var(--line); padding: 0.5rem 0; }
details.violation { margin-left: 0.75rem; }
summary { cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
@media print {
  :root {
    --ink: #000; --quiet: #444; --paper: #fff; --shade: #eee; --line: #bbb;
    --bad: #8c0010; --ok: #000; --link: #000;
  }
  body { max-width: none; padding: 0; font-size: 9pt; }
  code { font-size: 8pt; }
  .scroll { overflow: visible; }
  .lanes td, .lanes th { white-space: normal; }
  tr, summary { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; }
}
`;
