/** The first ones of names, for people: `a, b and 3 more`. */
export const someNames = (names: readonly (string | number)[], most: number): string =>
  names.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '');
