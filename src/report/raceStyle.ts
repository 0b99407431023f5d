import { baseStyle } from './html/baseStyle.js';

/** The page's style sheet. Ends in a newline. */
export const RACE_STYLE = `${baseStyle('', '')}.lanes td, .lanes th { white-space: nowrap; padding-left: 0.4rem; }
.lanes .step { background: var(--shade); }
.stack { list-style: none; margin: 0; padding-left: 1rem; color: var(--quiet); }
details { border-top: 1px solid var(--line); padding: 0.5rem 0; }
details.violation { margin-left: 0.75rem; }
@media print {
  code { font-size: 8pt; }
  .lanes td, .lanes th { white-space: normal; }
}
`;
