/** Seeds of a test at random, from 1 on: so many, or as many as SLUICE_TEST_SEEDS says, for a long run. */
export function seeds(usual: number): readonly number[] {
  const count = Number(process.env['SLUICE_TEST_SEEDS'] ?? usual);
  return Array.from({ length: count }, (_, index) => index + 1);
}
