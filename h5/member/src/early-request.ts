/**
 * A page's first question, asked while the page's script is still on its way: on a slow
 * line that saves one round trip before anything can be shown.
 */

export interface EarlyRequest<Args extends unknown[], Data> {
  begin: (...args: Args) => void;
  /** The answer begun for the same arguments, once; otherwise a new question. */
  take: (...args: Args) => Promise<Data>;
}

export function earlyRequest<Args extends unknown[], Data>(
  ask: (...args: Args) => Promise<Data>,
): EarlyRequest<Args, Data> {
  let begun: { key: string; answer: Promise<Data> } | null = null;

  return {
    begin(...args) {
      const answer = ask(...args);
      begun = { key: JSON.stringify(args), answer };
      // Whoever takes the answer sees its failure; nobody may take it at all.
      answer.catch(() => undefined);
    },
    take(...args) {
      const ready = begun?.key === JSON.stringify(args) ? begun.answer : null;
      begun = null;
      return ready ?? ask(...args);
    },
  };
}
