import Database from 'better-sqlite3';

/** How big the demo's shop is; about 450,000 rows in six tables, one of them without a key. */
const SIZE = {
  customers: 20_000,
  products: 2_000,
  orders: 120_000,
  itemsAnOrder: 2,
  events: 60_000,
} as const;

const STRUCTURE = `
  CREATE TABLE customers (
    id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name VARCHAR(120) NOT NULL, country CHAR(2) NOT NULL,
    created_at TIMESTAMP NOT NULL, vip BOOLEAN NOT NULL DEFAULT 0);
  CREATE TABLE products (
    sku TEXT PRIMARY KEY, title TEXT NOT NULL, price DECIMAL_TEXT(10,2) NOT NULL, weight REAL, picture BLOB);
  CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id), status TEXT NOT NULL,
    placed_at TIMESTAMP NOT NULL, total DECIMAL_TEXT(12,2) NOT NULL, note TEXT);
  CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders(id), line INTEGER NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL,
    price DECIMAL_TEXT(10,2) NOT NULL, PRIMARY KEY (order_id, line));
  CREATE TABLE events (at TIMESTAMP NOT NULL, kind TEXT NOT NULL, detail JSON);
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
`;

/** The same small generator everywhere, so that two demos have the same rows. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
const price = (cents: number): string => `${Math.floor(cents / 100)}.${pad(cents % 100, 2)}`;
const NOTES = [
  null,
  '',
  'leave at the door',
  'gift\nwrap, please',
  'Grüße an Zoë 🎁',
  'back\\slash and\ttab',
];
const STATUS = ['new', 'paid', 'sent', 'returned'];
const COUNTRIES = ['DE', 'FR', 'US', 'JP', 'BR'];

/** Makes the source of the demo: a shop with awkward texts, pictures, a table without a key and a composite key. */
export function createShop(path: string): number {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.exec(STRUCTURE);
  const next = numbers(42);
  const moment = (): string =>
    `2025-${pad(1 + next(12), 2)}-${pad(1 + next(28), 2)} ${pad(next(24), 2)}:${pad(next(60), 2)}:${pad(next(60), 2)}`;
  const insert = (table: string, columns: number) => {
    const statement = db.prepare(
      `INSERT INTO ${table} VALUES (${Array.from({ length: columns }, () => '?').join(',')})`,
    );
    return (...values: unknown[]): unknown => statement.run(values);
  };
  const fill = db.transaction((): number => {
    const customer = insert('customers', 6);
    for (let id = 1; id <= SIZE.customers; id++) {
      customer(
        id,
        `user${id}@example.org`,
        `Customer ${id}`,
        COUNTRIES[next(5)],
        moment(),
        next(20) === 0 ? 1 : 0,
      );
    }
    const product = insert('products', 5);
    for (let n = 1; n <= SIZE.products; n++) {
      product(
        `SKU-${pad(n, 6)}`,
        `Product № ${n}`,
        price(100 + next(99_900)),
        next(5_000) / 1000,
        Buffer.alloc(32 + next(96), n),
      );
    }
    const order = insert('orders', 6);
    const item = insert('order_items', 5);
    for (let id = 1; id <= SIZE.orders; id++) {
      order(id, 1 + next(SIZE.customers), STATUS[next(4)], moment(), price(next(1_000_000)), NOTES[next(6)]);
      for (let line = 1; line <= SIZE.itemsAnOrder; line++) {
        item(id, line, `SKU-${pad(1 + next(SIZE.products), 6)}`, 1 + next(5), price(100 + next(99_900)));
      }
    }
    const event = insert('events', 3);
    for (let n = 0; n < SIZE.events; n++)
      event(moment(), `page.${next(7)}`, `{"visitor":${next(9_000)},"ms":${next(900)}.50}`);
    const setting = insert('settings', 2);
    setting('currency', 'EUR');
    setting('empty', '');
    setting('nothing', null);
    return SIZE.customers + SIZE.products + SIZE.orders * (1 + SIZE.itemsAnOrder) + SIZE.events + 3;
  });
  const rows = fill();
  db.close();
  return rows;
}

const CHANGES: readonly (readonly [said: string, sql: string])[] = [
  [
    'an order with two lines',
    `
    INSERT INTO orders VALUES (900001, 17, 'new', '2026-02-03 04:05:06', '19.90', 'Grüße an Zoë 🎁');
    INSERT INTO order_items VALUES (900001, 1, 'SKU-000001', 1, '9.95'), (900001, 2, 'SKU-000002', 1, '9.95')`,
  ],
  ['2,000 orders are sent, in one statement', `UPDATE orders SET status = 'sent' WHERE id <= 2000`],
  [
    'a note is emptied, another one is NULL',
    `
    UPDATE orders SET note = '' WHERE id = 5; UPDATE orders SET note = NULL WHERE id = 6`,
  ],
  ['1,000 lines are deleted', `DELETE FROM order_items WHERE order_id BETWEEN 3001 AND 3500`],
  [
    'a product gets another key and another picture',
    `
    UPDATE products SET sku = 'SKU-MOVED', picture = x'00ff00ff' WHERE sku = 'SKU-000003'`,
  ],
  [
    'a setting vanishes and comes again',
    `
    DELETE FROM settings WHERE name = 'currency'; INSERT INTO settings VALUES ('currency', 'CHF')`,
  ],
];

/** Makes the changes one after the other, each in a transaction of its own; says what it did. */
export function* changeShop(path: string): Generator<string> {
  for (const [said, sql] of CHANGES) {
    const db = new Database(path, { timeout: 10_000 });
    db.exec(`BEGIN; ${sql}; COMMIT`);
    db.close();
    yield said;
  }
}

/** What the changes are about, as a text that is equal where the rows are. */
export function readShop(path: string): string {
  const db = new Database(path, { readonly: true, timeout: 10_000 });
  const all = (sql: string): unknown[] => db.prepare(sql).raw().all();
  const seen = [
    all(`SELECT count(*), sum(status = 'sent'), sum(note IS NULL), sum(note = '') FROM orders`),
    all('SELECT count(*), sum(quantity) FROM order_items'),
    all(`SELECT sku, title, hex(picture) FROM products WHERE sku IN ('SKU-000003', 'SKU-MOVED')`),
    all('SELECT name, value FROM settings ORDER BY name'),
    all('SELECT status, total, note FROM orders WHERE id IN (5, 6, 900001) ORDER BY id'),
  ];
  db.close();
  return JSON.stringify(seen);
}
