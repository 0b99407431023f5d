import { baseStyle } from './baseStyle.js';

/**
 * Colours of builds after Okabe and Ito, darker or lighter so that lines stand out from the paper (3:1 at least); steps of
 * efficiency from orange over grey to blue, which every kind of colour vision tells apart.
 */
const LIGHT = `
  --b0: #bf4d00; --b1: #0061a8; --b2: #00795a; --b3: #a03a80; --b4: #7a6400; --b5: #555b66; --b6: #5a48b8; --b7: #8a3c2e;
  --h0: #d9691a; --h1: #ec9a5c; --h2: #f6c8a0; --h3: #f4e6da; --h4: #dfe9f3; --h5: #b4d3ee; --h6: #79b3e0; --h7: #3f90cd; --hi: #111;
  --grid: #e4e6ea; --ref: #8b929c; --gc: #7b3fb0; --wait: #c79a00;`;
const DARK = `
  --b0: #ff9a57; --b1: #6fb7f7; --b2: #4ccfa5; --b3: #e893ca; --b4: #d8c25a; --b5: #b4bac4; --b6: #b0a4ff; --b7: #e39a8c;
  --h0: #c05a10; --h1: #8f4a1c; --h2: #643c22; --h3: #45382f; --h4: #2f3b47; --h5: #27506f; --h6: #236798; --h7: #1f7cc0; --hi: #fff;
  --grid: #2c3036; --ref: #7b838d; --gc: #b98aec; --wait: #dcb640;`;

const BUILD_CLASSES = Array.from({ length: 8 }, (_, i) => `.b${i} { --c: var(--b${i}); }`).join(' ');
const HEAT_CLASSES = Array.from(
  { length: 8 },
  (_, i) => `.h${i} { background: var(--h${i}); color: var(--hi); }`,
).join(' ');

/** The style sheet of compare.html. Ends in a newline. */
export const COMPARE_STYLE = `${baseStyle(LIGHT, DARK)}${BUILD_CLASSES}
${HEAT_CLASSES}
[hidden] { display: none !important; }
html { scroll-padding-top: 4rem; }
body { font-size: 0.9375rem; line-height: 1.45; max-width: 76rem; padding: 1rem 1.25rem 3rem; }
header { display: flex; justify-content: space-between; align-items: flex-start; gap: 1rem; }
header p { margin: 0.1rem 0; }
main:focus { outline: none; }
.skip { position: absolute; left: -999rem; }
.skip:focus { position: fixed; left: 1rem; top: 0.5rem; z-index: 9; background: var(--paper); padding: 0.3rem 0.6rem; }
nav ul { list-style: none; margin: 0.8rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; }
section { border-top: 1px solid var(--line); margin-top: 1.6rem; }
section:first-child { border-top: 0; margin-top: 0; }
h2 { margin: 0.9rem 0 0.4rem; }
h3 { margin: 1.1rem 0 0.3rem; font-size: 1rem; }
p { max-width: 50rem; }
ul.short { margin: 0.3rem 0; padding-left: 1.1rem; max-width: 56rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1.2rem; margin: 0.4rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; }

button, select, input[type=text] {
  font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--ref); border-radius: 3px; padding: 0.15rem 0.5rem;
}
button { cursor: pointer; white-space: nowrap; }
.filter {
  position: sticky; top: 0; z-index: 5; display: flex; flex-wrap: wrap; gap: 0.4rem 1rem; align-items: center;
  background: var(--paper); border-bottom: 1px solid var(--line); padding: 0.5rem 0; margin-top: 0.8rem;
}
.filter input[type=text] { width: 9rem; }
.filter fieldset { border: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.1rem 0.8rem; }
.filter legend { float: left; padding: 0; margin-right: 0.2rem; color: var(--quiet); }
.filter output { color: var(--quiet); }

table { font-variant-numeric: tabular-nums; font-size: 0.875rem; }
th, td { padding: 0.15rem 0.7rem 0.15rem 0; vertical-align: middle; white-space: nowrap; }
thead th { vertical-align: bottom; }
.figures th, .figures td { padding-right: 0.6rem; }
.figures thead th, .counters thead th, .gil thead th, .rows thead th { white-space: normal; }
.counters thead th { max-width: 7rem; }
th.n, td.n, .figures td:nth-child(n+3), .rows td:nth-child(n+3), .latencies td:nth-child(n+3), .changes td:nth-child(n+3), .interpreters td:nth-child(n+5), .interpreters td:nth-child(3), .gil td:nth-child(n+5), .gil td:nth-child(3), .counters td { text-align: right; }
th.c, .heat td { text-align: center; }
.texts td, .texts th { white-space: normal; vertical-align: top; }
.figures td:nth-child(2), .changes td:nth-child(2) { box-shadow: inset 3px 0 var(--c); padding-left: 0.5rem; }
th button { white-space: inherit; font-weight: inherit; border: 0; padding: 0; text-align: inherit; background: none; }
th button::after { content: '\\2195'; color: var(--ref); padding-left: 0.2em; }
th[aria-sort=ascending] button::after { content: '\\2191'; color: var(--ink); }
th[aria-sort=descending] button::after { content: '\\2193'; color: var(--ink); }
.rows caption, .heat caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.heat td, .heat th.c { min-width: 3.4rem; padding: 0.15rem 0.4rem; border: 1px solid var(--paper); }
.heat tbody th { border-bottom-color: var(--paper); }
.ramp { display: flex; flex-wrap: wrap; gap: 2px; overflow-wrap: normal; align-items: center; font-size: 0.8125rem; }
.ramp span { min-width: 2.4rem; text-align: center; padding: 0 0.3rem; }
.ramp span:first-of-type { margin-left: 0.6rem; }

.rows { width: 100%; }
.rows .plot { width: 50%; min-width: 11rem; padding: 0 1.6rem 0 0.6rem; }
.rows thead .plot { font-weight: 400; color: var(--quiet); }
.plot .axis { display: block; text-align: center; }
.row, .row-axis { display: block; width: 100%; overflow: visible; }
.row-axis text { text-anchor: middle; }
.gil .plot { padding-top: 0.3rem; font-weight: 400; }
.gil svg { display: block; }
svg.defs { position: absolute; width: 0; height: 0; }
text { font-size: 11px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
.grid, .grid line { stroke: var(--grid); fill: none; }
.grid.ref, .grid .ref { stroke: var(--ref); }
.ideal { stroke: var(--ref); stroke-dasharray: 1 3; stroke-linecap: round; fill: none; }
.ceiling { stroke: var(--ref); fill: none; }
.ln { stroke: var(--c); stroke-width: 1.6; fill: none; }
.b1 .ln { stroke-dasharray: 7 2; }
.b2 .ln { stroke-dasharray: 3 2; }
.b3 .ln { stroke-dasharray: 8 2 2 2; }
.b4 .ln { stroke-dasharray: 1.5 2; }
.b5 .ln { stroke-dasharray: 10 3 3 3 3 3; }
line.ln { stroke-dasharray: none !important; }
.wh { stroke: var(--c); stroke-width: 1.2; fill: none; }
use { fill: var(--c); }
use.o { fill: var(--paper); stroke: var(--c); stroke-width: 1.4; }
/* As wide as a bucket of the histogram, less a gap. */
.bars { stroke: var(--c); stroke-width: 12; opacity: 0.75; }
.bar { fill: var(--c); opacity: 0.75; }
.on { stroke: var(--ink); stroke-width: 2; opacity: 1; }
figure { margin: 0; align-self: end; break-inside: avoid; }
figcaption { font-size: 0.875rem; }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(12.5rem, 1fr)); gap: 0.8rem 1rem; margin-top: 0.6rem; }
.wide { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); gap: 0.8rem 1.2rem; }
.multiples svg, .wide svg, .timeline svg.chart { display: block; width: 100%; }
.legend { list-style: none; margin: 0.4rem 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.1rem 1.2rem; font-size: 0.875rem; }
.legend li { display: flex; align-items: center; gap: 0.4rem; }
.timeline { margin: 0.8rem 0 1.2rem; }
.timeline svg.chart { min-width: 42rem; }
.t-run { fill: var(--b1); } .t-gilwait { fill: var(--b0); } .t-lockwait { fill: var(--wait); } .t-park { fill: var(--ref); }
.t-stop { fill: var(--bad); } .t-world { fill: var(--b3); } .t-gc { fill: var(--gc); } .t-grace { fill: var(--b6); } .t-held { fill: var(--b2); }
.owner { fill: var(--paper); }
.why { border-bottom: 1px solid var(--line); padding: 0.3rem 0; }
.why summary { padding-left: 1.1rem; list-style: none; position: relative; }
.why summary::-webkit-details-marker { display: none; }
.why summary::before { content: '\\25b8'; position: absolute; left: 0; color: var(--quiet); }
.why[open] summary::before { content: '\\25be'; }
.why h3 { margin: 0; font-size: 0.9375rem; }
.say { display: block; padding-left: 0.6rem; box-shadow: inset 3px 0 var(--c); margin: 0.1rem 0; }
.say b { font-weight: 600; }
.tip {
  position: fixed; z-index: 8; pointer-events: none; max-width: 20rem; padding: 0.2rem 0.5rem; font-size: 0.8125rem;
  background: var(--ink); color: var(--paper); border-radius: 3px;
}

@media (max-width: 40rem) {
  text { font-size: 12.5px; }
  .row-axis text, .fixed text { font-size: 11px; }
  body { padding: 0.75rem 0.75rem 2rem; }
  .filter { position: static; }
  html { scroll-padding-top: 0; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: 0.35rem; }
  .multiples { grid-template-columns: 1fr 1fr; gap: 0.6rem; }
  .rows tbody th, .heat tbody th { white-space: normal; min-width: 6.5rem; max-width: 7.5rem; font-size: 0.8125rem; line-height: 1.25; }
  .rows .plot { padding-right: 1rem; }
  .heat td, .heat th.c { min-width: 2.2rem; padding: 0.15rem 0.2rem; }
}
@media print {
  @page { size: A4; margin: 14mm 12mm; }
  text { font-size: 9px; }
  .figures { font-size: 0.8rem; }
  html { font-size: 70%; }
  nav, .controls, .skip, .tip { display: none !important; }
  th, td, .figures th, .figures td { padding-right: 0.4rem; }
  th button::after { content: none; }
  section { margin-top: 1rem; }
  .multiples { grid-template-columns: repeat(4, 1fr); }
  .timeline svg.chart { min-width: 0; }
  .rows .plot { width: 45%; min-width: 6rem; }
  .h0, .h1, .h2, .h3, .h4, .h5, .h6, .h7, .ramp span { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
