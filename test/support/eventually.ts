/** Waits until the condition gives something other than undefined, null or false, and returns it. */
export async function eventually<T>(
  what: string,
  condition: () => Promise<T> | T,
  timeoutMs = 90_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs;
  let failure: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false)
        return value as NonNullable<Exclude<T, false>>;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) {
      throw new Error(
        `timed out waiting until ${what}`,
        failure === undefined ? undefined : { cause: failure },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
