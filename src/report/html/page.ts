import { createHash } from 'node:crypto';
import { e } from './markup.js';

export interface Page {
  readonly title: string;
  readonly style: string;
  /** The page's own script, a module; empty for none. */
  readonly script: string;
  /** HTML. */
  readonly body: string;
}

/**
 * A page that needs nothing else: its policy forbids every request, and lets run and style only what is in it, by hash.
 * Hence no style attributes either. Ends in a newline.
 */
export function renderPage({ title, style, script, body }: Page): string {
  const css = `\n${style}`;
  const code = `\n${script}`;
  const policy = [
    "default-src 'none'",
    `style-src ${hash(css)}`,
    ...(script === '' ? [] : [`script-src ${hash(code)}`]),
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">
<title>${e(title)}</title>
<style>${css}</style>
</head>
<body>
${body}
${script === '' ? '' : `<script type="module">${code}</script>\n`}</body>
</html>
`;
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
