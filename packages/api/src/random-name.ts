/** Names that the server makes: `generateName` plus five letters (apimachinery `util/rand`), and hashes in the same alphabet. */

/** No vowels and nothing that looks like another letter, so that no name is a word. */
export const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

const suffixLength = 5;
const maxPrefixLength = 63 - suffixLength;

/** `random()` gives a number in [0, 1), like Math.random. The prefix is cut so that the name fits a label. */
export function generatedName(prefix: string, random: () => number): string {
  const letters = Array.from({ length: suffixLength }, () =>
    nameAlphabet.charAt(Math.floor(random() * nameAlphabet.length)),
  );
  return `${prefix.slice(0, maxPrefixLength)}${letters.join('')}`;
}

/** Digits written in the alphabet of names, so that a decimal hash may stand in a name. */
export function safeEncoded(digits: string): string {
  return Array.from(digits, (char) => nameAlphabet.charAt((char.codePointAt(0) ?? 0) % nameAlphabet.length)).join('');
}
