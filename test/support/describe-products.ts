import type { Product } from './mariadb-harness.ts';
import { describeWith } from './servers.ts';

const NAMES: Readonly<Record<Product, string>> = { mariadb: 'MariaDB', mysql: 'MySQL' };

/** Tests of src/databases/mysql, once for each of its products. @param title  what stands before `of MariaDB` */
export function describeProducts(title: string, body: (product: Product) => void): void {
  for (const product of ['mariadb', 'mysql'] as const)
    describeWith([product], `${title} of ${NAMES[product]}`, () => body(product));
}
