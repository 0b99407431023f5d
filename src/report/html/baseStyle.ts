/**
 * What the pages have in common: colours for light and dark (as the system says, or as `data-theme` of the root does),
 * text, tables, narrow screens, paper. On paper it is always light. Ends in a newline.
 */
export function baseStyle(light: string, dark: string): string {
  const lightTokens = `
  --ink: #1c1e21; --quiet: #565c64; --paper: #fff; --shade: #f3f4f6; --line: #d4d7dc;
  --bad: #b3121d; --ok: #17693a; --link: #0b57b0; ${light}`;
  const darkTokens = `
  --ink: #e6e8eb; --quiet: #a0a7b0; --paper: #15171a; --shade: #202327; --line: #3a3f46;
  --bad: #ff8a8f; --ok: #7bd49b; --link: #8ab8f5; ${dark}`;
  return `:root { color-scheme: light; ${lightTokens}
}
@media screen and (prefers-color-scheme: dark) {
  :root:not([data-theme=light]) { color-scheme: dark; ${darkTokens}
  }
}
@media screen {
  :root[data-theme=dark] { color-scheme: dark; ${darkTokens}
  }
}
${COMMON}`;
}

const COMMON = `* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 80rem;
  color: var(--ink); background: var(--paper);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 1.5rem 0 0.5rem; font-size: 1.2rem; }
p { margin: 0.4rem 0; }
a { color: var(--link); }
code { font: 0.875em/1.5 ui-monospace, monospace; }
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
summary { cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
@media print {
  :root, :root[data-theme] { --ink: #000; --quiet: #444; --shade: #eee; --line: #bbb; --bad: #8c0010; --ok: #000; --link: #000; }
  body { max-width: none; padding: 0; font-size: 9pt; }
  .scroll { overflow: visible; }
  tr, summary { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; display: block; }
}
`;
