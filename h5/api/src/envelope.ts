/** The envelope of every answer, and the one error type that callers catch. */

/** Error words of the contract, and two of our own for answers that never came. */
export const ERROR_WORDS = [
  'bad_request',
  'signature_invalid',
  'unauthenticated',
  'token_invalid',
  'token_expired',
  'forbidden',
  'must_change_password',
  'not_bound',
  'not_your_order',
  'not_found',
  'already_enrolled',
  'claimed',
  'already_bound',
  'already_decided',
  'proposal_changed',
  'wrong_state',
  'undo_over',
  'needs_second_approver',
  'sync_running',
  'duplicate',
  'last_super_admin',
  'bind_expired',
  'link_expired',
  'too_large',
  'unsupported_media_type',
  'invalid_input',
  'camp_not_enrolling',
  'locked',
  'rate_limited',
  'platform_error',
  'platform_unavailable',
  'not_configured',
  'database_unavailable',
  'busy',
  'network',
  'unexpected',
] as const;

export type ErrorWord = (typeof ERROR_WORDS)[number];

export interface ApiErrorDetails {
  /** The HTTP status, or 0 when no answer came. */
  status: number;
  word: ErrorWord;
  message?: string | undefined;
  data?: unknown;
  fields?: Record<string, string> | undefined;
  retryAfterSeconds?: number | undefined;
}

export class ApiError extends Error {
  readonly status: number;
  readonly word: ErrorWord;
  readonly data: unknown;
  readonly fields: Record<string, string>;
  readonly retryAfterSeconds: number | null;

  constructor(details: ApiErrorDetails) {
    super(details.message ?? details.word);
    this.name = 'ApiError';
    this.status = details.status;
    this.word = details.word;
    this.data = details.data ?? null;
    this.fields = details.fields ?? {};
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
  }
}

/** Reads one answer: the data of a good one, an `ApiError` for anything else. */
export async function openEnvelope<Data>(
  response: Response,
  hearTime: (timestampMs: number) => void,
): Promise<Data> {
  const body = await readJson(response);
  if (!isRecord(body)) {
    throw new ApiError({ status: response.status, word: 'unexpected' });
  }
  if (typeof body['timestamp'] === 'number') hearTime(body['timestamp']);
  if (response.ok && body['code'] === 200) {
    return body['data'] as Data;
  }
  throw new ApiError({
    status: response.status,
    word: toErrorWord(body['error']),
    message: typeof body['message'] === 'string' ? body['message'] : undefined,
    data: body['data'],
    fields: toFields(body['fields']),
    retryAfterSeconds: toSeconds(response.headers.get('Retry-After')),
  });
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    // A gateway's HTML page or a cut body: the caller sees `unexpected` with the status.
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toErrorWord(value: unknown): ErrorWord {
  return ERROR_WORDS.find((word) => word === value) ?? 'unexpected';
}

function toFields(value: unknown): Record<string, string> | undefined {
  if (!isRecord(value)) return undefined;
  const texts = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts);
}

function toSeconds(header: string | null): number | undefined {
  if (header === null || !/^\d{1,6}$/.test(header)) return undefined;
  return Number(header);
}
