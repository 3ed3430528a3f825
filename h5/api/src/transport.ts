/** One request over the line, for both APIs. */

import { ApiError } from './envelope';

/** A phone on a bad line answers late; past this a person is better off with a retry. */
export const REQUEST_TIMEOUT_MS = 15_000;

export interface TransportOptions {
  fetch?: typeof fetch;
  timeoutMs?: number;
}

export async function send(
  options: TransportOptions,
  path: string,
  init: RequestInit,
): Promise<Response> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), options.timeoutMs ?? REQUEST_TIMEOUT_MS);
  try {
    return await (options.fetch ?? fetch)(path, {
      ...init,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: abort.signal,
    });
  } catch {
    // Offline, timed out or cut off: for people all three are the line.
    throw new ApiError({ status: 0, word: 'network' });
  } finally {
    clearTimeout(timer);
  }
}

/** `?a=1&b=2` of what is given; nothing of nothing. */
export function query(values: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') search.set(name, value);
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
