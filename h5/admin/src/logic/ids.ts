/** Numbers of the planet in what was pasted: texts all the way, since they do not fit a number. */
export function idsIn(text: string): string[] {
  const found = text.normalize('NFKC').match(/\d{6,19}/g) ?? [];
  return [...new Set(found)];
}
