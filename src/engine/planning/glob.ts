/** `*` is any run of characters, `?` any one; everything else is itself. */
export const globToRegExp = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'su',
  );

export const isPlainName = (pattern: string): boolean => !/[*?]/.test(pattern);
