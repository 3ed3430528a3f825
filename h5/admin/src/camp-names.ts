/** Names of camps: lists know only their ids. */

import { reactive } from 'vue';
import { api } from './session';

const names = reactive(new Map<number, string>());
const asked = new Set<number>();
let newest: Promise<void> | null = null;

/** What is known so far; asks for what is not, once. */
export function campName(id: number | null | undefined): string {
  if (id == null) return '—';
  const name = names.get(id);
  if (name === undefined) void learn(id);
  return name ?? `训练营 ${id}`;
}

export function rememberCamps(camps: readonly { id: number; name: string }[]): void {
  for (const camp of camps) names.set(camp.id, camp.name);
}

/** The newest hundred come in one request; older ones singly. */
async function learn(id: number): Promise<void> {
  newest ??= api
    .camps({ size: '100' })
    .then((page) => rememberCamps(page.items))
    .catch(() => undefined);
  await newest;
  if (names.has(id) || asked.has(id)) return;
  asked.add(id);
  await api.camp(id).then((camp) => rememberCamps([camp])).catch(() => asked.delete(id));
}
