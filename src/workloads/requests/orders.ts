/** What the server's requests are, and what they must be answered: in plain JavaScript, to hold the runtime against. */

/** Bodies, each of another customer. */
export const ORDERS = 64;
const ARTICLES = 256;

/** An article's price, in whole currency; two decimals. */
export function priceOf(article: number): number {
  return 1 + ((article * 7919) % 10_000) / 100;
}

export function articleName(article: number): string {
  return `sku-${article}`;
}

/** Names and prices of all articles. */
export function catalogue(): [name: string, price: number][] {
  return Array.from({ length: ARTICLES }, (_, article) => [articleName(article), priceOf(article)]);
}

/** The JSON text of a request: some 300 characters, with escapes, nesting, ints, floats, words. */
export function orderText(order: number): string {
  const items = Array.from({ length: 3 + (order % 4) }, (_, i) => ({
    sku: articleName((order * 31 + i * 17) % ARTICLES),
    quantity: 1 + ((order + i) % 9),
  }));
  const remark = `line one\nline "two" \u00fc\u20ac ${order % 2 === 0 ? '\u{1f40d}' : '\\'}`;
  return JSON.stringify({
    user: customer(order),
    items,
    discount: (order % 5) / 20,
    express: order % 3 === 0,
    voucher: null,
    remark,
  });
}

function customer(order: number): string {
  return `user-${order}-\u00e9`;
}

/** The answer: the customer, how many pieces, what they cost. */
export function answerText(order: number): { user: string; answer: string } {
  const parsed = JSON.parse(orderText(order)) as {
    user: string;
    items: { sku: string; quantity: number }[];
    discount: number;
  };
  const prices = new Map(catalogue());
  let total = 0;
  let pieces = 0;
  for (const { sku, quantity } of parsed.items) {
    total += (prices.get(sku) as number) * quantity;
    pieces += quantity;
  }
  const cents = Math.floor(total * (1 - parsed.discount) * 100 + 0.5);
  const json = JSON.stringify({
    user: parsed.user,
    pieces,
    cents,
    items: parsed.items.map(({ sku }) => sku),
  });
  const ascii = json.replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return { user: parsed.user, answer: btoa(ascii) };
}
