/** Building blocks of the HTML reports. Whatever takes `html` wants it escaped; whatever takes `text` escapes it. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML, in content and in attributes. */
export function e(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** JSON that cannot end its script element: in JSON, `<` occurs within strings only. */
export function scriptText(json: string): string {
  return json.replaceAll('<', '\\u003c');
}

/** A table of heads and rows that are HTML already. */
export function table(
  caption: string,
  heads: readonly string[],
  rows: readonly string[],
  style = '',
): string {
  const open = style === '' ? '<table>' : `<table class="${style}">`;
  return `${open}<caption>${e(caption)}</caption><thead><tr>${heads.join('')}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`;
}

/** A wide table scrolls by itself, with the keyboard too, and leaves the page as wide as the screen. */
export function scrollable(name: string, html: string): string {
  return `<div class="scroll" role="group" aria-label="${e(name)}" tabindex="0">${html}</div>`;
}

/** The parts that are not empty, a line each. */
export function lines(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n');
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/**
 * The same HTML in fewer bytes: without the end tags and quotes that HTML lets out. Escaped text has nothing that looks like these, nor
 * has JSON with its `<` escaped.
 */
export function shorten(html: string): string {
  return html
    .replace(/<\/(td|th|tr|li)>/g, '')
    .replace(/(?<!<\/title)><\/use>/g, ' />')
    .replace(/ (data-[a-z]|class|x|y|x1|x2|y1|y2|width|height|scope|href)="([\w.#%-]+)"(?=[ >])/g, ' $1=$2');
}
