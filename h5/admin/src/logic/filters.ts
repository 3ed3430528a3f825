/** Filters and page of a list, as they stand in the address: any view can be sent to a colleague. */

import type { Filters } from '@campkeeper/api';

export type Query = Record<string, string | null | (string | null)[] | undefined>;

export interface Option {
  value: string;
  label: string;
}

/** One filter of a bar. `days` is two keys, `from` and `to`. */
export type FilterField =
  | { kind: 'choice'; key: string; label: string; options: readonly Option[] }
  | { kind: 'text'; key: string; label: string; width?: number }
  | { kind: 'camp'; key: 'campId'; label: string }
  | { kind: 'days'; key: 'days'; label: string };

export const JOINED: readonly Option[] = [
  { value: 'true', label: '已进群' },
  { value: 'false', label: '未进群' },
];

export const ELIGIBLE: readonly Option[] = [
  { value: 'true', label: '符合条件' },
  { value: 'false', label: '未达标' },
];

/** What a choice says that is not narrowed although the page narrows by default. */
export const ALL = 'all';
export const PAGE_SIZE = 50;
export const PAGE_SIZES = [20, 50, 100];

export interface ListState {
  filters: Record<string, string>;
  page: number;
  size: number;
}

/** The keys in the address that the fields stand for. */
export function keysOf(fields: readonly FilterField[]): string[] {
  return fields.flatMap((field) => (field.kind === 'days' ? ['from', 'to'] : [field.key]));
}

/** Reads the address; what is missing or makes no sense is as it is at first. */
export function readState(
  query: Query,
  keys: readonly string[],
  defaults: Record<string, string> = {},
): ListState {
  const filters: Record<string, string> = { ...defaults };
  for (const key of keys) {
    const text = textOf(query[key]);
    if (text !== '') filters[key] = text;
  }
  const size = wholeNumber(textOf(query['size']));
  return {
    filters,
    page: Math.max(1, wholeNumber(textOf(query['page'])) ?? 1),
    size: size !== null && PAGE_SIZES.includes(size) ? size : PAGE_SIZE,
  };
}

/** The shortest address that reads back as this state. */
export function writeState(
  state: ListState,
  defaults: Record<string, string> = {},
): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [key, text] of Object.entries(state.filters)) {
    if (text !== '' && text !== defaults[key]) query[key] = text;
  }
  for (const key of Object.keys(defaults)) {
    if ((state.filters[key] ?? '') === '') query[key] = ALL;
  }
  if (state.page > 1) query['page'] = String(state.page);
  if (state.size !== PAGE_SIZE) query['size'] = String(state.size);
  return query;
}

/** What the server is asked: `all` narrows nothing. */
export function toRequest(state: ListState): Filters {
  const narrowed = Object.entries(state.filters).filter(([, text]) => text !== ALL && text !== '');
  return {
    ...Object.fromEntries(narrowed),
    page: String(state.page),
    size: String(state.size),
  };
}

function textOf(value: Query[string]): string {
  const one = Array.isArray(value) ? value[0] : value;
  return one?.trim() ?? '';
}

function wholeNumber(text: string): number | null {
  return /^\d{1,7}$/.test(text) ? Number(text) : null;
}
